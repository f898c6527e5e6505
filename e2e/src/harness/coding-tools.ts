import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Where a tool is asked. */
export interface AskedIn {
  readonly home: string;
  readonly project: string;
  /** Base address of a model that writes down what it is asked and lets nobody in. */
  readonly modelUrl: string;
}

/** A coding tool that lists the skills it sees without an account: by itself, or to the model that it is told to use. */
export interface CodingTool {
  /** Its name in the table of targets. */
  readonly agent: string;
  /** On npm. */
  readonly package: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: (asked: AskedIn) => Readonly<Record<string, string>>;
  /** What has to be there besides the skills. */
  readonly prepare?: (asked: AskedIn) => Promise<void>;
  /** How it shows a skill; absent: with its description, which only who reads the skill knows. */
  readonly shows?: (name: string) => RegExp;
}

async function write(path: string, text: string) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

export const codingTools: readonly CodingTool[] = [
  {
    agent: "amp",
    package: "@sourcegraph/amp@0.0.1790142911-g7618fb",
    program: "amp",
    args: ["skill", "list"],
    // Without any key it opens a browser first.
    env: ({ modelUrl }) => ({ AMP_API_KEY: "sgamp_none", AMP_URL: modelUrl }),
  },
  {
    agent: "augment",
    package: "@augmentcode/auggie@0.36.0",
    program: "auggie",
    // Skills are commands there.
    args: ["command", "list"],
    env: ({ modelUrl }) => ({ AUGMENT_API_TOKEN: "none", AUGMENT_API_URL: modelUrl }),
  },
  {
    agent: "claude-code",
    package: "@anthropic-ai/claude-code@2.1.329",
    program: "claude",
    // Its first message says what it found; the second would be the answer of the model.
    args: ["-p", "hello", "--output-format", "stream-json", "--verbose"],
    env: ({ modelUrl }) => ({
      ANTHROPIC_API_KEY: "sk-ant-none",
      ANTHROPIC_BASE_URL: modelUrl,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CODE_MAX_RETRIES: "0",
    }),
  },
  {
    agent: "cline",
    package: "cline@3.0.65",
    program: "cline",
    args: ["--provider", "openai-compatible", "--model", "none", "--retries", "1", "say hello"],
    prepare: async ({ home, modelUrl }) => {
      const provider = "openai-compatible";
      const settings = { provider, apiKey: "none", model: "none", baseUrl: `${modelUrl}/v1` };
      const saved = { settings, updatedAt: new Date().toISOString(), tokenSource: "manual" };
      const providers = { version: 1, lastUsedProvider: provider, modes: {}, providers: { [provider]: saved } };
      await write(join(home, ".cline/data/settings/providers.json"), JSON.stringify(providers));
    },
    shows: (name) => new RegExp(`Available skills:[^"]*\\b${name}\\b`),
  },
  { agent: "codex", package: "@openai/codex@0.169.0", program: "codex", args: ["debug", "prompt-input"] },
  {
    agent: "gemini-cli",
    package: "@google/gemini-cli@0.61.0",
    program: "gemini",
    args: ["skills", "list"],
    // A project's skills are believed only in a folder that is trusted.
    prepare: ({ home, project }) =>
      write(join(home, ".gemini/trustedFolders.json"), JSON.stringify({ [project]: "TRUST_FOLDER" })),
  },
  { agent: "github-copilot", package: "@github/copilot@1.0.102", program: "copilot", args: ["skill", "list"] },
  { agent: "kilo", package: "@kilocode/cli@7.7.7", program: "kilo", args: ["debug", "skill"] },
  {
    agent: "kimi-code-cli",
    package: "@moonshot-ai/kimi-code@2.1.0",
    program: "kimi",
    args: ["-p", "hello"],
    prepare: ({ home, modelUrl }) =>
      write(
        join(home, ".kimi-code/config.toml"),
        `default_model = "none"
[providers.none]
type = "openai"
base_url = "${modelUrl}/v1"
api_key = "none"
[models.none]
provider = "none"
model = "none"
max_context_size = 100000
`,
      ),
  },
  { agent: "opencode", package: "opencode-ai@1.18.33", program: "opencode", args: ["debug", "skill"] },
  {
    agent: "pi",
    package: "@mariozechner/pi-coding-agent@0.73.1",
    program: "pi",
    args: ["--provider", "none", "--model", "none", "-p", "hello"],
    prepare: async ({ home, modelUrl }) => {
      const none = { baseUrl: `${modelUrl}/v1`, api: "openai-completions", apiKey: "none", models: [{ id: "none" }] };
      await write(join(home, ".pi/agent/models.json"), JSON.stringify({ providers: { none } }));
    },
  },
  { agent: "qoder", package: "@qoder-ai/qodercli@1.1.52", program: "qodercli", args: ["skills", "list"] },
  {
    agent: "qwen-code",
    package: "@qwen-code/qwen-code@0.24.4",
    program: "qwen",
    args: ["-p", "hello", "--auth-type", "openai"],
    env: ({ modelUrl }) => ({ OPENAI_API_KEY: "none", OPENAI_BASE_URL: `${modelUrl}/v1`, OPENAI_MODEL: "none" }),
  },
];
