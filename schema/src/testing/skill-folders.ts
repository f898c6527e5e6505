/** Shapes of skill folders as people publish them; names and texts are ours. */
export interface SkillFolderFixture {
  /** What is special about it. */
  readonly shape: string;
  /** Path of the manifest inside its repository. */
  readonly path: string;
  /** Files by path inside the repository. */
  readonly files: Readonly<Record<string, string>>;
  /** Name that the lenient profile gives it. */
  readonly name: string;
  /** What the lenient description begins with. */
  readonly description: string;
}

interface Shape {
  readonly path?: string;
  readonly text: string;
  readonly beside?: Readonly<Record<string, string>>;
  readonly name: string;
  readonly description: string;
}

function fixture(
  shape: string,
  { path = "SKILL.md", text, beside = {}, name, description }: Shape,
): SkillFolderFixture {
  return { shape, path, files: { ...beside, [path]: text }, name, description };
}

const body = "\n# Steps\n\n1. Look.\n2. Act.\n";
const withFields = (...lines: readonly string[]): string => ["---", ...lines, "---", body].join("\n");

const layouts = [
  fixture("one skill at the repository's root", {
    text: withFields("name: tidy-changelog", "description: Sorts and groups the entries of a changelog."),
    beside: { "README.md": "# Tidy\n", "scripts/sort.py": "print('sorted')\n" },
    name: "tidy-changelog",
    description: "Sorts and groups",
  }),
  fixture("a folder of skills", {
    path: "skills/csv-report/SKILL.md",
    text: withFields("name: csv-report", "description: Turns a CSV file into a short written report."),
    beside: { "skills/csv-report/references/columns.md": "# Columns\n" },
    name: "csv-report",
    description: "Turns a CSV file",
  }),
  fixture("an agent's own project folder", {
    path: ".claude/skills/review-migration/SKILL.md",
    text: withFields(
      "name: review-migration",
      "description: Reviews database migrations for locks and lost data.",
      "allowed-tools: Read, Grep, Bash(psql --version:*)",
    ),
    name: "review-migration",
    description: "Reviews database migrations",
  }),
  fixture("a plugin with a marketplace file", {
    path: "plugins/release-notes/skills/write-notes/SKILL.md",
    text: withFields("name: write-notes", "description: Writes release notes from merged changes."),
    beside: {
      ".claude-plugin/marketplace.json":
        '{"name":"acme","plugins":[{"name":"release-notes","source":"./plugins/release-notes"}]}\n',
      "plugins/release-notes/.claude-plugin/plugin.json": '{"name":"release-notes","version":"0.3.0"}\n',
    },
    name: "write-notes",
    description: "Writes release notes",
  }),
  fixture("a folder with another name than the skill", {
    path: "template/SKILL.md",
    text: withFields("name: template-skill", "description: Replace this with what the skill does."),
    name: "template-skill",
    description: "Replace this",
  }),
  fixture("the file name in lower case", {
    path: "skills/lint-docs/skill.md",
    text: withFields("name: lint-docs", "description: Checks documents for dead links and old names."),
    name: "lint-docs",
    description: "Checks documents",
  }),
];

const versions = [
  fixture("a top-level version", {
    text: withFields("name: trim-logs", "description: Cuts long logs down to the part that matters.", "version: 1.4.2"),
    name: "trim-logs",
    description: "Cuts long logs",
  }),
  fixture("metadata.version of two numbers, in quotes", {
    text: withFields(
      "name: plan-trip",
      "description: Plans a trip from dates, places and a budget.",
      "metadata:",
      "  author: acme-labs",
      '  version: "1.0"',
    ),
    name: "plan-trip",
    description: "Plans a trip",
  }),
  fixture("a version that YAML takes for a number", {
    text: withFields("name: name-colors", "description: Finds the nearest named color for a value.", "version: 1.10"),
    name: "name-colors",
    description: "Finds the nearest",
  }),
  fixture("no version anywhere", {
    text: withFields("name: draw-graph", "description: Draws the graph of a module's imports."),
    name: "draw-graph",
    description: "Draws the graph",
  }),
];

const bytes = [
  fixture("CRLF line ends", {
    text: withFields("name: count-words", "description: Counts words, lines and headings.").replaceAll("\n", "\r\n"),
    name: "count-words",
    description: "Counts words",
  }),
  fixture("a byte order mark", {
    text: `\uFEFF${withFields("name: sort-photos", "description: Sorts photos into folders by day.")}`,
    name: "sort-photos",
    description: "Sorts photos",
  }),
  fixture("a byte order mark and CRLF", {
    text: `\uFEFF${withFields("name: rename-files", "description: Renames files after a pattern.").replaceAll("\n", "\r\n")}`,
    name: "rename-files",
    description: "Renames files",
  }),
  fixture("emoji and other scripts in the description", {
    text: withFields("name: greet-team", "description: Grüßt das Team 👩‍💻 auf Deutsch, 日本語 und فارسی می‌نویسد."),
    name: "greet-team",
    description: "Grüßt das Team 👩‍💻",
  }),
];

const sloppyYaml = [
  fixture("an unquoted colon in the description", {
    text: withFields("name: fix-tests", "description: Use when: a test fails, or somebody says: fix it."),
    name: "fix-tests",
    description: "Use when: a test fails",
  }),
  fixture("an unquoted colon on a line that continues the description", {
    text: withFields(
      "name: sum-up",
      "description: Sums up a meeting.",
      "  Input: a transcript. Output: five lines.",
      "license: MIT",
    ),
    name: "sum-up",
    description: "Sums up a meeting. Input: a transcript.",
  }),
  fixture("an unquoted colon inside metadata", {
    text: withFields("name: pick-font", "description: Picks a font for a page.", "metadata:", "  note: see: the guide"),
    name: "pick-font",
    description: "Picks a font",
  }),
  fixture("no blank after the colon", {
    text: withFields("name: mail-merge", 'description:"Fills a letter with rows of a table."'),
    name: "mail-merge",
    description: "Fills a letter",
  }),
  fixture("a description that begins with emphasis", {
    text: withFields("name: bold-start", "description: *Always* read this before editing a schema."),
    name: "bold-start",
    description: "*Always* read this",
  }),
  fixture("blanks after both fences", {
    text: `---  \nname: spaced-fence\ndescription: Has blanks after its fences.\n--- \n${body}`,
    name: "spaced-fence",
    description: "Has blanks",
  }),
  fixture("folded and literal block scalars", {
    text: withFields(
      "name: long-text",
      "description: >-",
      "  Folds a long text: over",
      "  several lines.",
      "license: |",
      "  MIT",
    ),
    name: "long-text",
    description: "Folds a long text: over several lines.",
  }),
];

const otherTools = [
  fixture("metadata as one line of nested JSON", {
    text: withFields(
      "name: run-probe",
      "description: Runs a probe against a service and reads the answer.",
      'metadata: {"openclaw":{"emoji":"🔎","requires":{"bins":["curl"],"env":["PROBE_URL"]},"install":[{"kind":"brew","formula":"curl"}]}}',
    ),
    name: "run-probe",
    description: "Runs a probe",
  }),
  fixture("allowed-tools as a list", {
    text: withFields(
      "name: only-read",
      "description: Answers questions about code without changing it.",
      "allowed-tools:",
      "  - Read",
      "  - Grep",
    ),
    name: "only-read",
    description: "Answers questions",
  }),
  fixture("fields of one agent", {
    text: withFields(
      "name: deep-dive",
      "description: Studies one module and reports back.",
      "context: fork",
      "argument-hint: <module>",
      "disable-model-invocation: true",
      "hooks:",
      "  PreToolUse:",
      "    - matcher: Bash",
    ),
    name: "deep-dive",
    description: "Studies one module",
  }),
  fixture("a section per tool", {
    text: withFields(
      "name: shared-rule",
      "description: One text for many tools.",
      'targets: ["*"]',
      "claudecode:",
      "  model: small",
    ),
    name: "shared-rule",
    description: "One text",
  }),
];

const names = [
  fixture("a name in upper case with a blank", {
    text: withFields("name: Invoice Helper", "description: Fills in invoices from an order."),
    name: "invoice-helper",
    description: "Fills in invoices",
  }),
  fixture("a name with underscores", {
    text: withFields("name: parse_log_lines", "description: Parses log lines into fields."),
    name: "parse-log-lines",
    description: "Parses log lines",
  }),
  fixture("a name that YAML takes for a number", {
    text: withFields("name: 2048", "description: Plays a small game of numbers."),
    name: "2048",
    description: "Plays a small game",
  }),
  fixture("a description of 1068 characters", {
    text: withFields("name: full-guide", `description: ${"Guides through every step. ".repeat(40).slice(0, 1067)}.`),
    name: "full-guide",
    description: "Guides through",
  }),
];

/** Every one has a name and a description that a person can read, so the lenient profile keeps it. */
export const skillFolders: readonly SkillFolderFixture[] = [
  ...layouts,
  ...versions,
  ...bytes,
  ...sloppyYaml,
  ...otherTools,
  ...names,
];
