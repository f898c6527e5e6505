export interface SkillMdOptions {
  readonly name?: string;
  /** Becomes `metadata.version`; none when absent. */
  readonly version?: string;
  readonly description?: string;
  readonly license?: string;
  readonly body?: string;
}

/** A SKILL.md that every reader accepts, without a warning in the strict profile. */
export function skillMd(options: SkillMdOptions = {}): string {
  const { name = "deploy", version, license = "MIT" } = options;
  const { description = "Deploys the service to staging when the user asks for it.", body = `# ${name}\n` } = options;
  return [
    "---",
    `name: ${name}`,
    `description: ${JSON.stringify(description)}`,
    `license: ${license}`,
    ...(version === undefined ? [] : ["metadata:", `  version: ${JSON.stringify(version)}`]),
    "---",
    "",
    body,
  ].join("\n");
}
