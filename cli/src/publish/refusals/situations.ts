import { type Lab, openLab, skillText } from "../testing/lab.ts";
import type { Target, Trait } from "./refusal.ts";

/** Where a refusal is met. */
export interface Situation {
  readonly title: string;
  readonly traits: readonly Trait[];
  readonly open: () => Promise<Lab>;
  /** What stands before the flags. */
  readonly select: readonly string[];
  /** The paks that are to be refused. */
  readonly targets: readonly Target[];
  /** The paks that are released all the same. */
  readonly others: readonly Target[];
}

const notes = "Not more than this.\n";

const single = (title: string, path: string, isReleased: boolean): Situation => ({
  ...{
    title,
    traits: ["single", isReleased ? "released" : "unreleased"],
    select: path === "" ? [] : [path],
    others: [],
  },
  targets: [{ path, name: "pdf", next: isReleased ? "0.1.2" : "0.1.1" }],
  open: async () => {
    const file = path === "" ? "notes.md" : `${path}/notes.md`;
    const lab = await openLab({ path, files: { [file]: notes } });
    if (!isReleased) return lab;
    await release(lab, ["--bump", "patch"]);
    await lab.repo.write({ [file]: `${notes}Or a little.\n` });
    await lab.repo.commit("More");
    return lab;
  },
});

export const fresh: readonly Situation[] = [
  single("a fresh repository", "", false),
  single("a folder of a fresh repository", "skills/pdf", false),
];

export const released: readonly Situation[] = [single("a repository with releases", "", true)];

const pdf: Target = { path: "skills/pdf", name: "pdf", next: "0.1.1" };
const csv: Target = { path: "skills/csv", name: "csv", next: "0.1.1" };

async function openMonorepo(): Promise<Lab> {
  const files = { "skills/csv/SKILL.md": skillText("0.1.0", "csv"), "skills/csv/notes.md": notes };
  return await openLab({ path: pdf.path, files: { ...files, "skills/pdf/notes.md": notes } });
}

async function openReleasedMonorepo(): Promise<Lab> {
  const lab = await openMonorepo();
  await release(lab, ["--all"]);
  await lab.repo.write({ "skills/pdf/notes.md": "New.\n", "skills/csv/notes.md": "New.\n" });
  await lab.repo.commit("Change both");
  return lab;
}

async function release(lab: Lab, args: readonly string[]): Promise<void> {
  const run = await lab.paks(["publish", ...args, "--json"]);
  if (run.exit !== 0) throw new Error(run.stdout);
}

export const allOfMonorepo: readonly Situation[] = [
  {
    ...{ title: "one pak of --all", traits: ["all", "unreleased"], select: ["--all"] },
    ...{ open: openMonorepo, targets: [pdf], others: [csv] },
  },
  {
    ...{ title: "every pak of --all", traits: ["all", "unreleased"], select: ["--all"] },
    ...{ open: openMonorepo, targets: [csv, pdf], others: [] },
  },
];

export const changedOfMonorepo: readonly Situation[] = [
  {
    ...{ title: "one pak of --changed", traits: ["changed", "released"], select: ["--changed"] },
    ...{ open: openReleasedMonorepo, targets: [csv], others: [pdf] },
  },
  {
    ...{ title: "every pak of --changed", traits: ["changed", "released"], select: ["--changed"] },
    ...{ open: openReleasedMonorepo, targets: [csv, pdf], others: [] },
  },
];
