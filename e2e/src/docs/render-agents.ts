import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executables } from "../harness/executables.ts";
import { run } from "../harness/run.ts";

interface Agent {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly project_dir: string | null;
  readonly global_dir: string | null;
  readonly detected_by: readonly string[];
  readonly dependency: string | null;
  readonly environment: readonly string[];
  readonly layout: string;
  readonly copy_only: boolean;
  readonly note: string | null;
}

async function listAgents(): Promise<{ readonly agents: readonly Agent[]; readonly home: string }> {
  const home = await mkdtemp(join(tmpdir(), "paks-docs-"));
  try {
    const env = { PATH: process.env["PATH"] ?? "", HOME: home };
    const finished = await run(process.execPath, [executables.paks, "agent", "list", "--all", "--json"], {
      cwd: home,
      env,
    });
    if (finished.exitCode !== 0) throw new Error(`paks agent list ended with ${finished.exitCode}: ${finished.stderr}`);
    return { agents: (JSON.parse(finished.stdout) as { agents: Agent[] }).agents, home };
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const code = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(" ");

function renderRow(agent: Agent, home: string): string {
  const global = agent.global_dir?.replaceAll("\\", "/").replace(home, "~");
  const below = agent.layout === "name" ? "" : "/<account>";
  return [
    code([agent.id, ...agent.aliases]),
    agent.name,
    agent.project_dir === null ? "–" : code([agent.project_dir]),
    global === undefined ? "–" : code([`${global}${below}`]),
    (code(agent.detected_by) || "never") +
      (agent.dependency === null ? "" : ` and package.json naming \`${agent.dependency}\``),
    [code(agent.environment), agent.copy_only ? "copies only" : ""].filter(Boolean).join(", "),
  ].join(" | ");
}

/** docs/agents.md: the table of the coding tools, and what is done with it. */
export async function renderAgents(): Promise<string> {
  const { agents, home } = await listAgents();
  const notes = agents.flatMap(({ name, note }) => (note === null ? [] : [`- ${name}: ${note}`]));
  return `# Coding tools

\`paks install\` makes one real copy, \`.agents/skills/<name>\` of the project or, with \`-g\`, of your home folder. Many tools read
that folder themselves; for each other one a link to the copy is put where it looks.

## For which tools

1. Those that \`--agent a,b\` names. \`--agent "*"\` means all that are found here.
2. Else those that \`--agent\` named for this pak before: \`paks.lock\` has them as the pak's \`agents\`.
3. Else the \`agents\` of the project's \`paks.jsonc\`.
4. Else those you had remembered: \`paks agent default claude-code cursor\` (\`--clear\` forgets them).
5. Else those that are found: on this machine, or by what lies in this project (\`found by\` in the table; \`./\` is the project). A
   project's \`.claude\`, \`.cursor\` or \`.roo\` is enough for Claude Code, Cursor and Roo Code there, also where they are not on this
   machine; with \`-g\` only what is on the machine counts. In a project a link is made for those that have a folder with a dot in
   it already, and for Claude Code when it is on the machine: what one person has there is not wanted in everybody's project. The
   others are named in a note with the \`--agent\` that installs for them too. \`.vscode\` and \`.github\` are a sign of no tool, since most
   projects have them, and where several tools share a folder, such as \`.trae\`, the first in the table is found by it.

**Changing it.** \`paks install acme/pdf --agent roo\` says anew for whom this pak is: for Roo Code alone, and the links and copies of
the tools that are left out go. A changed \`agents\` of \`paks.jsonc\` is followed by the next \`paks install\`, for every pak
without a list of its own; for one with its own a note says so. \`--agent "*"\` takes a pak's own list back. Only what somebody
named takes links away: a tool that is merely not found any more keeps them, and so does everything with \`--no-save\`. A copy
that was edited stays, with a warning. \`paks ci\` makes links and removes none but those of a pak that goes. An agent in \`paks.lock\` that this machine
does not know, because it was added with \`paks agent add\` elsewhere, gets no link, with a warning; one in \`paks.jsonc\` is refused.

**What others depend on** is for the tools of all of them, however far up, and when somebody asks for it as well for its own:
where \`acme/csv\` is for Claude Code and \`acme/pdf\` for Roo Code, \`acme/text\` that both need is for both, and where one of them is
for the tools that are found, for those too. \`paks.lock\` says it of the paks that are asked for; a mere dependency has no \`agents\`
there, so that \`install\`, \`ci\`, \`update\` and a fresh clone make the same links. A command takes tools only from the paks that it
names; \`paks install\` without names is about all, so it also takes away the links of a dependency that nothing needs there any
more, after a \`paks remove\` for example. With \`-g\` there is no lock: what is needed gains the tools of the command and
keeps those that it has, copies stay copies, and who names a dependency with \`--agent\` leaves it, with a note, where another pak
needs it.

No folder is made for a tool that is neither named nor found.

\`\`\`console
$ paks agent list                # what is here; --all: everything paks knows
$ paks agent show cursor         # its folders, and what moves them
$ paks agent add mine --skills-dir ~/mine/skills --project-dir .mine/skills
$ paks agent add codex --skills-dir ~/.codex/skills    # another place for one that paks knows
$ paks agent remove mine
\`\`\`

\`agent add\` writes to \`config.toml\`; the same by hand:

\`\`\`toml
[agents.mine]
name = "My tool"
skills_dir = "~/mine/skills"      # for all projects: absolute, or below ~/
project_dir = ".mine/skills"      # in a project
layout = "name"                   # or "account/name"
\`\`\`

## Links and copies

Links are relative, so a project can be moved and committed; on Windows they are junctions, which need no rights and are
absolute. \`--copy\` makes copies instead, and so does a file system that has no links. A copy follows to the next version
and goes with the pak like a link does; if it was edited, installing, updating and removing that pak are refused until
\`--force\`, which keeps what was there and prints its path. Other paks are not kept back by it.

A link that is there already and leads to the installed folder, from a place that the table below names, is taken for one of
paks' own, whoever made it and whether its tool is found here or not: it may have come with the project. \`paks list\` names the tool,
\`paks install\` and \`paks ci\` record the link, and \`paks remove\` deletes it with the pak.

A tool's folder that really is \`.agents/skills\`, by a link such as \`.claude/skills\` → \`../.agents/skills\` or the other way round,
reads what is installed there: it gets no link and no copy. Of tools whose folders are one, one link serves all.

Where something else lies in the way, nothing is changed: \`--as other-name\` installs beside it, \`--force\` moves it to
\`.agents/.paks/backups\` and takes its place. That is no skills folder: OpenCode, Kilo Code and Qoder, for three, find every
\`SKILL.md\` below one, in folders with a dot as well.

\`--as\` gives a pak another folder, and paks and Claude Code tell two paks of one name apart by that. The pak's files stay as they were
released, with the \`name\` of the manifest, and other tools go by that: OpenCode, Kilo Code and GitHub Copilot find one of the two only,
Gemini CLI finds one and reports a conflict, Codex and Qoder list both under one name. \`install\` and \`ci\` say so, and in \`--json\`
\`same_name\` has the other folders. For these tools install only one of them.

## The table

Several words for one tool mean the same. Where a variable is named, it moves the part of the path that the tool says.

| \`--agent\` | tool | in a project | for all projects | found by | |
|---|---|---|---|---|---|
${agents.map((agent) => `| ${renderRow(agent, home)} |`).join("\n")}

${notes.join("\n")}

\`universal\` is the shared folder itself. A tool that reads \`~/.agents/skills\` gets no second copy in its own folder, because
tools report two skills of one name as a conflict; \`paks agent add <id> --skills-dir …\` has one put there all the same.

Generated by \`npm run docs\`.
`;
}
