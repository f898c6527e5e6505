export const templateNames = ["basic", "devops", "coding"] as const;
export type TemplateName = (typeof templateNames)[number];

interface Template {
  /** What `description` says when the author says nothing. @param topic the name in words */
  readonly describe: (topic: string) => string;
  /** Below the heading; Markdown, one entry per line. */
  readonly body: readonly string[];
}

const basic: Template = {
  describe: (topic) => `Helps with ${topic}. Use when the task is about ${topic}.`,
  body: [
    "## When to use",
    "",
    "Say in which situations the agent should follow this skill.",
    "",
    "## Instructions",
    "",
    "1. Write down the steps, one after the other.",
    "2. Name the files and commands that each step needs.",
    "",
  ],
};

const devops: Template = {
  describe: (topic) =>
    `Plans, applies and checks changes to infrastructure for ${topic}. Use when deploying, operating or repairing ${topic}.`,
  body: [
    "## When to use",
    "",
    "Say which systems and environments this is about, and what it must not be used for.",
    "",
    "## Before anything changes",
    "",
    "1. Find out which environment is meant, and ask when it is production.",
    "2. Look at the current state and keep what would be needed to restore it.",
    "3. Show the plan (for example a dry run) and wait for a yes.",
    "",
    "## Apply",
    "",
    "1. Write down the commands, one after the other.",
    "2. Say after each one how to see that it worked.",
    "",
    "## Check",
    "",
    "- Name the health checks, dashboards and logs to look at, and what they should show.",
    "",
    "## Roll back",
    "",
    "1. Write down how to return to the state before, and when to do it without asking.",
    "",
    "## Never",
    "",
    "- Never print, copy or commit a secret; name the place where it is kept.",
    "",
  ],
};

const coding: Template = {
  describe: (topic) =>
    `Writes and reviews code for ${topic} in this project's style. Use when adding, changing or reviewing ${topic}.`,
  body: [
    "## When to use",
    "",
    "Say which languages, folders and kinds of change this is about.",
    "",
    "## Conventions",
    "",
    "- Name the patterns to follow, each with a file of the project that shows it.",
    "- Name the patterns to avoid, each with what to do instead.",
    "",
    "## Steps",
    "",
    "1. Read the code around the change and its tests first.",
    "2. Make the smallest change that does it, with a test that failed before.",
    "3. Write down what is special about this kind of change.",
    "",
    "## Check the result",
    "",
    "- Name the commands for formatting, linting and tests, and run them.",
    "",
    "## Example",
    "",
    "Show a short change before and after.",
    "",
  ],
};

export const templates: Readonly<Record<TemplateName, Template>> = { basic, devops, coding };
