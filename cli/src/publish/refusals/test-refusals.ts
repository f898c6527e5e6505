import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { RunResult } from "../../testing/index.ts";
import { type Failure, keepLab, type Lab, type LabTemplate, openKeptLab } from "../testing/lab.ts";
import type { Refusal, Target } from "./refusal.ts";
import { allRows } from "./rows.ts";
import type { Situation } from "./situations.ts";

interface Row {
  readonly path: string;
  readonly state: string;
  readonly error?: Failure;
}

/** What the run says of each pak; of a refusal that is everybody's, the same for all. */
function failuresOf(run: RunResult, targets: readonly Target[]): (Failure | undefined)[] {
  const answer = run.json() as { readonly error?: Failure; readonly releases?: readonly Row[] };
  return targets.map(({ path }) => answer.error ?? answer.releases?.find((row) => row.path === path)?.error);
}

const hintOf = ({ hint, details }: Failure): string | undefined => hint ?? details?.findings?.[0]?.hint;

/** All that a release would change of one pak; its neighbours may be released meanwhile. */
async function stateOf(lab: Lab, { path, name }: Target): Promise<string> {
  const parts = [
    await lab.repo.git("ls-files", "--stage", "--", path),
    await lab.repo.git("status", "--porcelain=v2", "--untracked-files=all", "--", path),
    await lab.repo.git("for-each-ref", `refs/tags/${name}--v*`),
    await lab.repo.git("stash", "list"),
    await lab.remote("for-each-ref", `refs/tags/${name}--v*`),
    await lab.files(path),
  ];
  return parts.join("\n==\n");
}

/** Opens the situation anew each time, made by the first test and copied by all others. */
function openerOf({ open, targets }: Situation): () => Promise<Lab> {
  let template: Promise<LabTemplate> | undefined;
  afterAll(async () => {
    if (template) await rm((await template).folder, { recursive: true, force: true });
  });
  const make = async () => {
    const lab = await open();
    await lab.repo.write({ "aside.txt": "put aside\n" });
    await lab.repo.git("stash", "-q", "-u");
    return await keepLab(lab, targets[0]!.path, await mkdtemp(join(tmpdir(), "paks-test-kept-")));
  };
  return async () => await openKeptLab(await (template ??= make()));
}

/** A test for each thing that can stand in the way, in this situation: what is said, and that nothing is changed. */
export function testRefusals(situation: Situation): void {
  const { title, traits, select, others } = situation;
  const open = openerOf(situation);
  const isPossible = ({ only, ofAll }: Refusal): boolean =>
    (only === undefined || traits.includes(only)) && !(ofAll === true && others.length > 0);
  test.each(allRows.filter(isPossible))(`${title}, $what: $code, exit $exit, nothing is changed`, async (refusal) => {
    const { code, exit, tells, arrange, args = ["--bump", "patch"], ofAll } = refusal;
    const lab = await open();
    const arranged = ofAll === true ? situation.targets.slice(0, 1) : situation.targets;
    let options = {};
    for (const target of arranged) options = (await arrange?.(lab, target)) ?? options;
    const state = async () =>
      others.length > 0
        ? (await Promise.all(situation.targets.map(async (target) => await stateOf(lab, target)))).join("\n")
        : await lab.snapshot();
    const before = await state();
    const announced = lab.registry.announced();

    const run = await lab.paks(["publish", ...select, ...args, "--json"], options);

    for (const failure of failuresOf(run, situation.targets)) {
      expect({ code: failure?.code, exit: run.exit }, run.stdout).toEqual({ code, exit });
      expect(JSON.stringify(failure)).toMatch(new RegExp(tells));
      expect(hintOf(failure!), run.stdout).toBeTruthy();
    }
    expect(await state()).toBe(before);
    expect(failuresOf(run, others)).toEqual(others.map(() => undefined));
    expect(lab.registry.announced() - announced).toBeLessThanOrEqual(others.length);
  });
}
