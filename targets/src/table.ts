/** One coding tool: where it looks for skills and what shows that it is there. */
export interface Target {
  readonly id: string;
  readonly name: string;
  /** Other ids that users know it by. */
  readonly aliases: readonly string[];
  /** Relative to the project, with `/`; `undefined` when the tool reads no folder of a project. */
  readonly projectDir: string | undefined;
  /** Begins with `~/`. */
  readonly globalDir: string;
  /** One of these exists where the tool is used: `~/…`, `./…` (the project) or absolute. Empty = never detected. */
  readonly detect: readonly string[];
  /** An environment variable that moves a part of the paths above. */
  readonly env?: { readonly variable: string; readonly replaces: string };
  /** Folder of a pak below the skills folder. */
  readonly layout: "name" | "account/name";
}

/** The folder that many tools share. */
const shared = ".agents/skills";
const configHome = { variable: "XDG_CONFIG_HOME", replaces: "~/.config" } as const;

/** The tools' documentation and behaviour as of November 2026. */
export const targetTable: readonly Target[] = [
  {
    id: "agents",
    name: "Shared folder of many agents",
    aliases: ["universal", "agentsskills", "shared"],
    projectDir: shared,
    globalDir: "~/.agents/skills",
    detect: [],
    layout: "name",
  },
  {
    id: "claude-code",
    name: "Claude Code",
    aliases: ["claude", "claudecode"],
    projectDir: ".claude/skills",
    globalDir: "~/.claude/skills",
    detect: ["~/.claude"],
    env: { variable: "CLAUDE_CONFIG_DIR", replaces: "~/.claude" },
    layout: "name",
  },
  {
    id: "cursor",
    name: "Cursor",
    aliases: ["cursor-cli"],
    projectDir: shared,
    globalDir: "~/.cursor/skills",
    detect: ["~/.cursor"],
    layout: "name",
  },
  {
    id: "vscode",
    name: "VS Code",
    aliases: ["vs-code", "code"],
    projectDir: shared,
    // VS Code reads Copilot's folders; nothing reads ~/.vscode/skills.
    globalDir: "~/.copilot/skills",
    detect: ["~/.vscode"],
    layout: "name",
  },
  {
    id: "copilot",
    name: "GitHub Copilot",
    aliases: ["github-copilot", "copilotcli", "copilot-cli"],
    projectDir: shared,
    globalDir: "~/.copilot/skills",
    detect: ["~/.copilot"],
    layout: "name",
  },
  {
    id: "codex",
    name: "Codex",
    aliases: ["codexcli", "codex-cli"],
    projectDir: shared,
    globalDir: "~/.agents/skills",
    detect: ["~/.codex", "/etc/codex"],
    env: { variable: "CODEX_HOME", replaces: "~/.codex" },
    layout: "name",
  },
  {
    id: "goose",
    name: "Goose",
    aliases: [],
    projectDir: ".goose/skills",
    globalDir: "~/.config/goose/skills",
    detect: ["~/.config/goose"],
    env: configHome,
    layout: "name",
  },
  {
    id: "opencode",
    name: "OpenCode",
    aliases: ["open-code"],
    projectDir: shared,
    globalDir: "~/.config/opencode/skills",
    detect: ["~/.config/opencode"],
    env: configHome,
    layout: "name",
  },
  {
    id: "amp",
    name: "Amp",
    aliases: [],
    projectDir: shared,
    globalDir: "~/.config/agents/skills",
    detect: ["~/.config/amp"],
    env: configHome,
    layout: "name",
  },
  {
    id: "stakpak",
    name: "Stakpak",
    aliases: [],
    projectDir: undefined,
    globalDir: "~/.stakpak/skills",
    detect: ["~/.stakpak"],
    layout: "account/name",
  },
];
