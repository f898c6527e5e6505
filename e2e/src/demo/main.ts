import { createHmac } from "node:crypto";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createToken } from "@paks/db";
import { describeInstalled, digestByCoreutils } from "../harness/digests.ts";
import { type Lab, openLab, randomText } from "../harness/lab.ts";
import type { Finished } from "../harness/run.ts";
import { type Narrator, narrate } from "./narrator.ts";

const usage = `npm run demo [-- --keep]

  The whole journey on this machine: a registry on the embedded database, a git host over HTTP,
  publish, index, search, install, verify, and a release by plain git and a webhook.

  --keep   leave the registry running at the end`;

/** The journey's steps in order; each one fails the demo when its promise does not hold. */
async function journey(lab: Lab, say: Narrator): Promise<void> {
  const token = await makeAccount(lab, say);
  await logIn(lab, say, token);
  const skill = await writeSkill(lab, say);
  await publish(lab, say, skill);
  await findIt(lab, say);
  const project = await install(lab, say);
  await compareDigests(lab, say, { skill, project });
  await releaseByWebhook(lab, say, skill);
}

/** Fails the demo with everything the command said. */
function mustEndWell(name: string, finished: Finished): Finished {
  if (finished.exitCode === 0) return finished;
  throw new Error(`${name} ended with ${finished.exitCode ?? finished.signal}\n${finished.stdout}${finished.stderr}`);
}

const paks = async (lab: Lab, say: Narrator, cwd: string, args: readonly string[], input?: string) => {
  say.command(`paks ${args.join(" ")}`);
  const finished = await lab.paks(cwd, args, { input });
  say.output(finished.stdout || finished.stderr);
  return mustEndWell(`paks ${args.join(" ")}`, finished);
};

const git = async (lab: Lab, say: Narrator, cwd: string, ...args: string[]) => {
  say.command(`git ${args.join(" ")}`);
  return mustEndWell(`git ${args[0]}`, await lab.git(cwd, ...args));
};

const fetchData = async (lab: Lab, path: string): Promise<Record<string, unknown>> => {
  const answer = await fetch(`${lab.registry.url}${path}`);
  const body = (await answer.json()) as { data: Record<string, unknown> };
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(body)}`);
  return body.data;
};

async function makeAccount(lab: Lab, say: Narrator): Promise<string> {
  say.title("The operator makes an account and a token");
  const run = async (args: string[]) => {
    say.command(`paks-registry admin ${args.join(" ")}`);
    return mustEndWell(`paks-registry admin ${args[0]}`, await lab.admin([...args, "--json"]));
  };
  await run(["accounts", "add", "acme"]);
  const made = await run(["tokens", "create", "--account", "acme", "--name", "laptop", "--scope", "publish"]);
  return (JSON.parse(made.stdout) as { token: string }).token;
}

async function logIn(lab: Lab, say: Narrator, token: string): Promise<void> {
  say.title("The author logs in");
  await paks(lab, say, lab.home, ["login", "--token-stdin"], `${token}\n`);
  await paks(lab, say, lab.home, ["whoami"]);
}

async function writeSkill(lab: Lab, say: Narrator): Promise<string> {
  say.title("A skill in a git repository of its own");
  const remote = await lab.newRemote("pdf-forms");
  const work = await lab.folder("author");
  await paks(lab, say, work, ["create", "pdf-forms", "--with-scripts"]);
  const skill = join(work, "pdf-forms");
  await git(lab, say, skill, "init", "--quiet", "--initial-branch=main");
  await git(lab, say, skill, "add", "--all");
  await git(lab, say, skill, "commit", "--quiet", "--message", "A skill that fills PDF forms");
  await git(lab, say, skill, "remote", "add", "origin", remote);
  await git(lab, say, skill, "push", "--quiet", "--set-upstream", "origin", "main");
  return skill;
}

async function publish(lab: Lab, say: Narrator, skill: string): Promise<void> {
  say.title("One command releases it: validate, bump, commit, tag, push, index");
  await paks(lab, say, skill, ["publish", "--bump", "patch", "--yes"]);
  const { version } = await fetchData(lab, "/api/skills/acme/pdf-forms/versions/latest");
  if (version !== "0.1.1") throw new Error(`expected 0.1.0 to become 0.1.1, the registry has ${String(version)}`);
}

async function findIt(lab: Lab, say: Narrator): Promise<void> {
  say.title("Anybody finds it");
  const found = await paks(lab, say, lab.home, ["search", "pdf"]);
  if (!found.stdout.includes("acme/pdf-forms")) throw new Error("the search does not show acme/pdf-forms");
}

async function install(lab: Lab, say: Narrator): Promise<string> {
  say.title("Somebody installs it in another project");
  const project = await lab.folder("project");
  await paks(lab, say, project, ["install", "acme/pdf-forms", "--agent", "claude-code"]);
  await access(join(project, ".claude", "skills", "pdf-forms", "SKILL.md"));
  await paks(lab, say, project, ["list"]);
  return project;
}

async function compareDigests(lab: Lab, say: Narrator, places: { skill: string; project: string }): Promise<void> {
  say.title("Everybody holds the same bytes");
  const installed = join(places.project, ".claude", "skills", "pdf-forms");
  const message = await lab.git(places.skill, "for-each-ref", "--format=%(contents)", "refs/tags/v0.1.1");
  const release = await fetchData(lab, "/api/skills/acme/pdf-forms/versions/0.1.1");
  const digests: Record<string, string | undefined> = {
    "author's tag": /^Paks-Digest: (.+)$/m.exec(message.stdout)?.[1],
    registry: String(release["digest"]),
    "installed files": (await describeInstalled(installed)).digest,
    coreutils: await digestByCoreutils(installed),
  };
  for (const [place, digest] of Object.entries(digests)) say.fact(place, digest ?? "not run: no GNU coreutils here");
  const values = new Set(Object.values(digests).filter((digest) => digest !== undefined));
  if (values.size !== 1 || digests["author's tag"] === undefined) throw new Error("the digests differ");
}

async function releaseByWebhook(lab: Lab, say: Narrator, skill: string): Promise<void> {
  say.title("The next release needs no paks at all: plain git and the host's webhook");
  const remote = (await lab.git(skill, "remote", "get-url", "origin")).stdout.trim();
  const made = await lab.admin(["hooks", "secret", "--account", "acme", "--repository", remote, "--json"]);
  const { secret } = JSON.parse(mustEndWell("paks-registry admin hooks secret", made).stdout) as { secret: string };

  const manifest = join(skill, "SKILL.md");
  await writeFile(manifest, (await readFile(manifest, "utf8")).replace("0.1.1", "0.2.0"));
  await git(lab, say, skill, "commit", "--quiet", "--all", "--message", "Fill in signatures too");
  await git(lab, say, skill, "tag", "v0.2.0");
  await git(lab, say, skill, "push", "--quiet", "origin", "main", "v0.2.0");

  const body = JSON.stringify({
    ref: "refs/tags/v0.2.0",
    created: true,
    deleted: false,
    repository: {
      id: 1,
      full_name: "acme/pdf-forms",
      clone_url: remote,
      html_url: remote,
      owner: { id: 1, login: "acme" },
    },
  });
  say.command("curl -X POST $REGISTRY/api/hooks/github   # what the git host sends");
  const answer = await fetch(`${lab.registry.url}/api/hooks/github`, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "x-github-event": "push",
      "x-github-delivery": randomText(),
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    },
  });
  if (!answer.ok) throw new Error(`the webhook was answered ${answer.status}: ${await answer.text()}`);
  const version = await untilLatest(lab, "0.2.0");
  say.fact("latest is now", version);
}

async function untilLatest(lab: Lab, version: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const release = await fetchData(lab, "/api/skills/acme/pdf-forms/versions/latest");
    if (release["version"] === version) return version;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${version} was not indexed`);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const keep = args.includes("--keep");
  const say = narrate(process.stdout);
  const started = performance.now();
  const lab = await openLab(() => createToken().token);
  say.title("A registry on the embedded database");
  say.fact("registry", lab.registry.url);
  say.fact("git host", lab.gitUrl);
  try {
    await journey(lab, say);
  } catch (error) {
    process.stderr.write(`\ndemo: ${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(`\nthe registry said:\n${lab.registry.output().slice(-4000)}\n`);
    await lab.close();
    return 1;
  }
  say.end(
    `Published, indexed, found, installed and verified in ${((performance.now() - started) / 1000).toFixed(1)} s.`,
  );
  if (!keep) {
    await lab.close();
    return 0;
  }
  say.fact("still running", `${lab.registry.url}  (Ctrl-C ends it)`);
  say.fact("its folders", lab.root);
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  await lab.close();
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
