import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Project, makeProject } from "./testing/project.ts";

/**
 * What people changed, or put where paks would put something, is never taken without `--force`; with it every path to
 * which something was moved is printed, for people and for programs.
 */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
});

interface Place {
  readonly args: readonly string[];
  /** Where the pak is, and the link or copy of a tool: relative to `base`. */
  readonly base: (of: Project) => string;
  readonly folder: string;
  readonly copy?: string;
}

const places = {
  project: { args: [], base: ({ cwd }) => cwd, folder: ".agents/skills/pdf", copy: ".claude/skills/pdf" },
  "-g": { args: ["-g"], base: ({ home }) => home, folder: ".agents/skills/pdf", copy: ".claude/skills/pdf" },
  "--dir": { args: ["--dir", "d"], base: ({ cwd }) => cwd, folder: "d/acme/pdf" },
} satisfies Record<string, Place>;

const text = "somebody's own\n";
const put = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "SKILL.md"), text);
};
const recordOf = (folder: string): string => {
  const isBelowAccount = basename(dirname(folder)) === "acme";
  const skills = isBelowAccount ? dirname(dirname(folder)) : dirname(folder);
  return join(skills, ".paks", isBelowAccount ? "acme--pdf.json" : "pdf.json");
};

type Obstacle = (place: Place, base: string) => void;
const obstacles = {
  "an edited folder": ({ folder }, base) => appendFileSync(join(base, folder, "SKILL.md"), text),
  "an edited copy": ({ copy }, base) => appendFileSync(join(base, copy!, "SKILL.md"), text),
  "a real folder where a link was": ({ copy }, base) => put(join(base, copy!)),
  "a foreign folder": ({ folder }, base) => {
    put(join(base, folder));
    rmSync(recordOf(join(base, folder)));
  },
} satisfies Record<string, Obstacle>;

const commands: Record<string, readonly string[]> = {
  install: ["install", "acme/pdf@1.1.0"],
  "install, the same version": ["install", "acme/pdf@1.0.0"],
  "install of all": ["install"],
  ci: ["ci"],
  update: ["update"],
  "update by name": ["update", "pdf"],
  rollback: ["rollback", "pdf"],
  remove: ["remove", "pdf"],
};
const ofProjectOnly = new Set(["install of all", "ci", "rollback"]);

interface Case {
  readonly command: string;
  readonly obstacle: keyof typeof obstacles;
  readonly where: keyof typeof places;
}

function listCases(): Case[] {
  const found: Case[] = [];
  for (const command of Object.keys(commands))
    for (const obstacle of Object.keys(obstacles) as Case["obstacle"][])
      for (const where of Object.keys(places) as Case["where"][]) {
        if (where !== "project" && ofProjectOnly.has(command)) continue;
        if (where === "--dir" && ["an edited copy", "a real folder where a link was"].includes(obstacle)) continue;
        // Without lock and record it is nobody's.
        const isUnknown = obstacle === "a foreign folder" && where !== "project";
        if (isUnknown && (command.startsWith("update") || command === "remove")) continue;
        found.push({ command, obstacle, where });
      }
  return found;
}

async function prepare({ command, obstacle, where }: Case): Promise<{ base: string; argv: string[] }> {
  const place: Place = places[where];
  const base = place.base(project);
  const tool = [
    ...(place.copy === undefined ? [] : ["-a", "claude-code"]),
    ...(obstacle === "an edited copy" ? ["--copy"] : []),
  ];
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf@1.0.0", ...place.args, ...tool);
  await project.registry.add("acme/pdf", "1.1.0");
  if (command === "rollback") await project.ok("install", "acme/pdf@1.1.0", ...place.args, ...tool);
  else if (where === "project" && command.startsWith("update"))
    for (const file of ["paks.jsonc", "paks.lock"])
      await project.write(file, (await project.read(file)).replaceAll("acme/pdf@1.0.0", "acme/pdf@^1"));
  obstacles[obstacle](place, base);
  const again = command.startsWith("install,") || command === "install" ? tool : [];
  return { base, argv: [...commands[command]!, ...place.args, ...again] };
}

/** By path, without what paks only remembers. */
function read(root: string): Record<string, string> {
  const isOwn = (path: string) => /\/\.cache\/|\/\.paks\/made$/.test(path);
  return Object.fromEntries(Object.entries(readAll(root)).filter(([path]) => !isOwn(path)));
}

function readAll(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(path, "utf8")]));
}

/** All that lies in a folder for what is kept. */
const listKept = (): string[] =>
  [project.cwd, project.home]
    .flatMap((root) => readdirSync(root, { recursive: true, withFileTypes: true }))
    .filter(({ parentPath, name }) => basename(parentPath) === "backups" && name !== ".gitignore")
    .map(({ parentPath, name }) => join(parentPath, name))
    .sort();

function listPrinted(stdout: string): string[] {
  const found = [...stdout.matchAll(/ is kept at (.*)$/gm)].map(([, path = ""]) => path);
  return found.map((path) => resolve(project.cwd, path.replace(/^~/, project.home))).sort();
}

/** Every list of that name, wherever it is in the answer. */
function listBackups(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) =>
    key === "backups" ? (one as string[]) : listBackups(one as unknown),
  );
}

describe.each(listCases())("$command, $obstacle, $where", (one) => {
  test("is refused and left as it is; with --force what is kept is named in text", async () => {
    const { argv } = await prepare(one);
    const before = [read(project.cwd), read(project.home)];
    const refused = await project.json(...argv);
    expect(refused).toMatchObject({
      exit: 6,
      error: { code: expect.stringMatching(/^(LOCAL_CHANGES|ALREADY_EXISTS)$/) },
    });
    expect([read(project.cwd), read(project.home)]).toEqual(before);
    const forced = await project.ok(...argv, "--force");
    const kept = listKept();
    expect(kept.flatMap((path) => Object.values(readAll(path))).join("")).toContain(text);
    expect(listPrinted(forced.stdout)).toEqual(kept);
  });

  test("with --force what is kept is named in --json", async () => {
    const { argv } = await prepare(one);
    const forced = await project.json(...argv, "--force");
    expect(forced.exit).toBe(0);
    expect(listKept()).not.toEqual([]);
    expect([...new Set(listBackups(forced))].sort()).toEqual(listKept());
  });
});

const newAgents: (readonly string[])[] = [
  ["install", "acme/pdf", "-a", "roo"],
  ["install", "-a", "roo"],
  ["ci", "-a", "roo"],
  ["install", "acme/pdf", "-a", "roo", "-g"],
];

test.each(newAgents.map((argv) => ({ argv, called: argv.join(" ") })))(
  "$called: what is where the link of another tool is to be is refused, and kept with --force",
  async ({ argv }) => {
    const base = argv.includes("-g") ? project.home : project.cwd;
    await project.registry.add("acme/pdf", "1.0.0");
    await project.ok("install", "acme/pdf", "-a", "claude-code", ...(argv.includes("-g") ? ["-g"] : []));
    put(join(base, ".roo/skills/pdf"));
    const before = [read(project.cwd), read(project.home)];
    expect(await project.json(...argv)).toMatchObject({ exit: 6, error: { code: "ALREADY_EXISTS" } });
    expect([read(project.cwd), read(project.home)]).toEqual(before);
    const forced = await project.ok(...argv, "--force");
    expect(listKept()).toHaveLength(1);
    expect(listPrinted(forced.stdout)).toEqual(listKept());
    // Again, for programs.
    rmSync(join(base, ".roo/skills/pdf"));
    rmSync(recordOf(join(base, ".agents/skills/pdf")));
    put(join(base, ".roo/skills/pdf"));
    const again = await project.json(...argv, "--force");
    expect(listBackups(again)).toHaveLength(listKept().length - 1);
    expect(listKept()).toEqual(expect.arrayContaining(listBackups(again)));
  },
);
