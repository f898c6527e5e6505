import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { fetchData, mustEndWell, pushedRepository, skillText, until } from "./journey.ts";
import type { Lab } from "./lab.ts";

/** An author who releases again and again, and what there has to be in the end. */
export interface Author {
  readonly lab: Lab;
  readonly dir: string;
  readonly args: readonly string[];
  /** Name of each pak → its folder; "" is the root. */
  readonly paks: ReadonlyMap<string, string>;
  /** Name of each pak → how often it was to be released. */
  readonly intended: Map<string, number>;
  /** Subjects of all commits that were to be made, the first one first. */
  readonly subjects: string[];
}

const fileIn = (folder: string, file: string) => (folder === "" ? file : `${folder}/${file}`);
const tagOf = (folder: string, name: string, at: number) => (folder === "" ? `v0.1.${at}` : `${name}--v0.1.${at}`);
export const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

/** @param o.args of every release; `paks` ends with them */
export async function openAuthor(
  lab: Lab,
  o: { readonly repository: string; readonly paks: Author["paks"]; readonly args: readonly string[] },
): Promise<Author> {
  const { repository, paks, args } = o;
  const files = [...paks].map(([name, folder]) => [fileIn(folder, "SKILL.md"), skillText(name)] as const);
  const { dir } = await pushedRepository(lab, repository, Object.fromEntries(files));
  const intended = new Map([...paks.keys()].map((name) => [name, 0]));
  return { lab, dir, args, paks, intended, subjects: ["first"] };
}

const git = async ({ lab, dir }: Author, ...args: string[]) =>
  mustEndWell(`git ${args[0]}`, await lab.git(dir, ...args)).stdout.trim();

/** Something new in these paks, committed and not pushed: the next release has to take it along. */
export async function change(author: Author, names: readonly string[]): Promise<void> {
  const { dir, paks, intended, subjects } = author;
  for (const name of names) {
    const count = intended.get(name)! + 1;
    intended.set(name, count);
    await writeFile(join(dir, fileIn(paks.get(name)!, "notes.md")), `release ${count}\n`);
  }
  const subject = `change ${subjects.length}`;
  await git(author, "add", "--all");
  await git(author, "commit", "--quiet", "--message", subject);
  const one = names.length === 1 ? `chore: bump version to 0.1.${intended.get(names[0]!)}` : undefined;
  subjects.push(subject, one ?? `chore: bump versions of ${names.length} paks`);
}

/** Exactly the intended commits here and there, a tag on both sides and a release for each intended version. */
export async function expectReleases(author: Author): Promise<void> {
  expect((await git(author, "log", "--reverse", "--format=%s")).split("\n")).toEqual(author.subjects);
  const tags = [...author.paks].flatMap(([name, folder]) =>
    upTo(author.intended.get(name)!).map((at) => tagOf(folder, name, at)),
  );
  const local = await git(author, "for-each-ref", "--format=%(objectname)\t%(refname)", "refs/heads/main", "refs/tags");
  expect(local.match(/refs\/tags\/\S+/g)?.toSorted()).toEqual(tags.map((tag) => `refs/tags/${tag}`).toSorted());
  const remote = await git(author, "ls-remote", "--refs", "origin");
  expect(remote.split("\n").toSorted()).toEqual(local.split("\n").toSorted());
  expect(await git(author, "status", "--porcelain")).toBe("");
}

/** The registry has each intended version, and no other; told without waiting, it needs its time. */
export async function expectRegistered({ lab, paks, intended }: Author, milliseconds = 120_000): Promise<void> {
  for (const name of paks.keys()) {
    const wanted = upTo(intended.get(name)!).map((at) => `0.1.${at}`);
    const listed = async () => {
      const versions = await fetchData<{ version: string }[]>(lab, `/api/skills/acme/${name}/versions`);
      return versions.map(({ version }) => version);
    };
    await until(
      `${name} in the registry`,
      async () => ((await listed()).length >= wanted.length ? true : undefined),
      milliseconds,
    );
    expect((await listed()).toSorted()).toEqual(wanted.toSorted());
  }
}
