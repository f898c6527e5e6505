import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject } from "@paks/schema";
import { expect, test } from "vitest";
import { commandTable } from "../commands/table.ts";
import { makeProject } from "../life/testing/project.ts";
import { type Lab, openLab, skillText } from "../publish/testing/lab.ts";
import { type RunOptions, runPaks, serveStub, tempFolder } from "../testing/index.ts";
import { checkedJson } from "../testing/check-json.ts";
import { errorOutput, helpOutput, jsonOutputs, versionOutput } from "./index.ts";
import { answers } from "./testing/answers.ts";

/** Runs one command line; `runPaks` holds what is printed against the schema. */
type Run = (line: string, exit?: number, options?: Partial<RunOptions>) => Promise<void>;

const runIn =
  (paks: (argv: readonly string[], options?: Partial<RunOptions>) => ReturnType<typeof runPaks>): Run =>
  async (line, exit = 0, options = {}) => {
    const run = await paks([...line.split(" "), "--json"], options);
    expect(run.exit, `${line}: ${run.stderr}${run.stdout.slice(0, 1000)}`).toBe(exit);
  };

async function openHome() {
  const home = await tempFolder();
  const stub = await serveStub(({ path, body }) => {
    const asked = body.includes('"v9"') ? `${path}?v9` : path;
    return { body: answers.find(([start]) => asked.startsWith(start))?.[1] };
  });
  const environment = { PAKS_REGISTRY: stub.url };
  const paks = async (argv: readonly string[], more: Partial<RunOptions> = {}) =>
    await runPaks(argv, { cwd: home, home, environment, ...more });
  return { home, url: stub.url, run: runIn(paks) };
}

const everything: typeof jsonOutputs = {
  ...jsonOutputs,
  error: errorOutput,
  "--help": helpOutput,
  "--version": versionOutput,
};

/** Forms that no run before printed. */
function listUnseen(names: readonly string[]): string[] {
  const seen = new Set(checkedJson.map(({ variant }) => variant));
  return names.flatMap((name) =>
    everything[name]!.variants.filter((one) => !seen.has(one)).map(({ when }) => `${name} ${when}`),
  );
}

test("create, init, validate", async () => {
  const { home, run } = await openHome();
  await run("create forms --ci");
  await mkdir(join(home, "here"));
  await run("init here", 0, { cwd: join(home, "here") });
  await run("validate forms --strict");
  await writeFile(join(home, "here", "SKILL.md"), "---\r\nname: there\r\ndescription: x: y\r\n---\r\n");
  await run("validate here --strict", 5);
  await run("validate --all --strict", 5);
  await run("validate here --fix --dry-run --strict", 5);
  await run("validate --all --fix");
  await run("validate nowhere", 3);
  expect(listUnseen(["create", "init", "validate"])).toEqual([]);
});

test("publish: one pak and several, planned and done", async () => {
  const one = await openLab();
  const alone = runIn(one.paks);
  await alone("publish --bump patch --dry-run");
  await alone("publish --bump patch --yes");
  await alone("publish --bump patch --dry-run");
  const several: Lab = await openLab({ path: "skills/pdf", files: { "skills/a/SKILL.md": skillText("0.1.0", "a") } });
  const together = runIn(several.paks);
  await together("publish --all --bump patch --dry-run");
  await several.repo.git("tag", "a--v0.1.1");
  await together("publish --all --bump patch --yes", 6);
  expect(listUnseen(["publish"])).toEqual([]);
});

test("install, ci, list, why, remove and what comes between", async () => {
  const project = await makeProject();
  const { registry, home } = project;
  const run = runIn(async (argv, more) => await runPaks(argv, { ...project.options, ...more }));
  await registry.add("acme/base", "1.0.0");
  const dependencies = { "acme/base": "^1.0" };
  await registry.add("acme/pdf", "1.0.0", { dependencies });
  await mkdir(join(home, ".claude"));
  await run("install acme/pdf --agent claude-code");
  await run("install acme/pdf --list");
  await run("ci");
  await run("why acme/base");
  await registry.add("acme/pdf", "1.1.0", { dependencies, files: { "run.sh": "curl https://x.example\n" } });
  await run("outdated", 9);
  await run("pin pdf");
  await run("unpin pdf");
  await run("update --dry-run");
  await run("update --allow-new-capabilities");
  await run("diff acme/pdf@1.0.0 1.1.0");
  await run("rollback pdf");
  await writeFile(project.skill("pdf", "SKILL.md"), "edited");
  await run("list");
  await run("verify", 9);
  registry.get("acme/pdf@1.0.0").dto.yanked = true;
  await run("audit", 9);
  await run("remove pdf", 6);
  await run("remove pdf --force");
  expect(
    listUnseen(["install", "ci", "list", "why", "remove", "update", "rollback", "diff", "verify", "audit"]),
  ).toEqual([]);
});

test("search, info, status, why-not, login, logout, whoami", async () => {
  const { home, run } = await openHome();
  await run("search pdf");
  await run("info acme/pdf --full");
  await run("login --token-stdin", 0, { stdin: "paks_0123456789abcdefghijklmnopqrst123456\n" });
  await run("status acme/pdf");
  await run("status https://git.example/acme/pdf");
  await run("why-not https://git.example/acme/pdf v1.2.0");
  await run("why-not https://git.example/acme/pdf v9", 5);
  await run("whoami");
  await run("doctor");
  await run("logout --revoke");
  await run("doctor", 10, { environment: { PAKS_GIT: join(home, "nowhere"), PAKS_OFFLINE: "1" } });
  expect(listUnseen(["search", "info", "status", "why-not", "login", "logout", "whoami", "doctor"])).toEqual([]);
});

test("agent, config, registry, cache, completions, help and version", async () => {
  const { home, url, run } = await openHome();
  await run("agent add mine --skills-dir ~/mine/skills --project-dir .mine --name Mine --layout name");
  await run("agent list");
  await run("agent show mine");
  await run("agent default mine");
  await run("agent remove mine");
  await run("config set offline false");
  await run("config get offline");
  await run("config list");
  await run("config list --all");
  await run("config unset offline");
  await run(`registry add work ${url} --account acme`);
  await run("registry list");
  await run("registry default");
  await run("registry default work");
  await run("registry remove work");
  await run("cache info", 0, { cwd: home });
  await run("cache clean --dry-run");
  await run("completions bash");
  await run("help install");
  await run("--version");
  expect(listUnseen(["agent list", "config list", "registry default", "cache info", "completions", "--help"])).toEqual(
    [],
  );
});

test("every command of the table has a schema, and no schema is without a command", () => {
  expect(Object.keys(jsonOutputs).toSorted()).toEqual(commandTable.map(({ name }) => name).toSorted());
});

test("every form of every command was seen above", () => {
  expect(listUnseen(Object.keys(everything))).toEqual([]);
});

/** Every object in a value, with its place: `paks.*.name`. */
function listObjects(
  value: unknown,
  place = "",
): { readonly place: string; readonly object: Record<string, unknown> }[] {
  const inside = (key: string) => (place === "" ? key : `${place}.${key}`);
  if (Array.isArray(value)) return value.flatMap((one) => listObjects(one, inside("*")));
  if (!isJsonObject(value)) return [];
  const object = value as Record<string, unknown>;
  return [{ place, object }, ...Object.entries(object).flatMap(([key, one]) => listObjects(one, inside(key)))];
}

/** Places at which a change is taken, each once. @param change answers how to undo it */
function listTaken(
  changes: (object: Record<string, unknown>) => (readonly [what: string, undo: () => void])[],
): string[] {
  const taken = checkedJson.flatMap(({ command, variant, value }) =>
    listObjects(value).flatMap(({ place, object }) =>
      changes(object).flatMap(([what, undo]) => {
        const fits = variant.schema.safeParse(value).success;
        undo();
        return fits ? [`${command}: ${[place, what].filter(Boolean).join(".")}`] : [];
      }),
    ),
  );
  return [...new Set(taken)].toSorted();
}

/** What others say is printed as they say it. */
const open = [
  "config list: values",
  "error: error.details",
  "info: files.*",
  "info: pak",
  "info: release",
  "info: versions.*",
  "publish: releases.*.error.details",
  "search: items.*",
  "status: attempts.*",
  "why-not: ",
];
const isOpen = (place: string): boolean => open.some((one) => place.startsWith(one));

test("a field more is refused everywhere but in what the registry, an error or the user says", () => {
  const more = listTaken((object) => {
    object["unknown_field"] = 1;
    return [["", () => delete object["unknown_field"]]];
  });
  expect(more.filter((place) => !isOpen(place))).toEqual([]);
  expect(open.filter((place) => !more.includes(place))).toEqual([]);
});

test("a field less is refused, unless it is one of these", () => {
  const less = listTaken((object) =>
    Object.entries(object).map(([key, value]) => {
      delete object[key];
      return [key, () => Object.assign(object, { [key]: value })];
    }),
  );
  expect(less.filter((place) => open.includes(place) || !isOpen(place))).toEqual([
    "--help: commands.*.help",
    "ci: installed.*.origin.archive",
    "create: workflow",
    "diff: capabilities.added.hosts",
    "diff: capabilities.added.scripts",
    "doctor: checks.*.code",
    "doctor: checks.*.hint",
    "error: error.details",
    "error: error.hint",
    "install: installed.*.origin.archive",
    "list: installed.*.origin.archive",
    "publish: releases.*.error.details",
    "publish: releases.*.error.hint",
    "publish: releases.*.warnings.*.hint",
    "publish: releases.*.warnings.*.path",
    "publish: warnings.*.hint",
    "publish: warnings.*.path",
    "rollback: capabilities.removed.hosts",
    "rollback: capabilities.removed.scripts",
    "update: updated.*.capabilities.added.hosts",
    "update: updated.*.capabilities.added.scripts",
    "validate: findings.*.column",
    "validate: findings.*.field",
    "validate: findings.*.hint",
    "validate: findings.*.line",
    "validate: findings.*.path",
    "validate: paks.*.findings.*.column",
    "validate: paks.*.findings.*.field",
    "validate: paks.*.findings.*.hint",
    "validate: paks.*.findings.*.line",
    "validate: paks.*.findings.*.path",
  ]);
});
