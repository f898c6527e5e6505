import { relative } from "node:path";
import type { Argv } from "yargs";
import type { Result } from "../command.ts";
import type { Context, Prompts } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import type { Scaffold } from "../scaffold.ts";
import { type TemplateName, templateNames } from "../scaffold-templates.ts";

/** What `create` and `init` share. */
export const scaffoldOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option("template", {
      alias: "t",
      choices: templateNames,
      requiresArg: true,
      describe: "What SKILL.md begins with; default: basic",
    })
    .option("description", { type: "string", requiresArg: true, describe: "What it does and when to use it" })
    .option("license", {
      type: "string",
      requiresArg: true,
      describe: "For example Apache-2.0; tools understand SPDX expressions",
    })
    .option("with-scripts", { type: "boolean", default: false, describe: "Add a folder for programs" })
    .option("with-references", {
      type: "boolean",
      default: false,
      describe: "Add a folder for texts to look things up in",
    })
    .option("with-assets", {
      type: "boolean",
      default: false,
      describe: "Add a folder for files to use in the output",
    })
    .option("ci", {
      type: "boolean",
      default: false,
      describe: "Add a GitHub workflow that checks pull requests and publishes",
    });

interface Metadata {
  readonly template?: TemplateName | undefined;
  readonly description?: string | undefined;
  readonly license?: string | undefined;
}

const noLicense = "none";
const otherLicense = "other";
const licenses = ["Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0"] as const;

/** Asks a person for what the command line leaves open; an empty answer leaves it open, too. */
export async function askMetadata({ io, prompts }: Context, given: Metadata): Promise<Metadata> {
  if (!io.interactive) return given;
  const template = given.template ?? (await askTemplate(prompts));
  const description =
    given.description ??
    (await prompts.text({
      message: "What does it do, and when should an agent use it? (enter: write it later)",
      instead: "--description",
      check: (text) => (text.length > 1024 ? "At most 1024 characters." : undefined),
    }));
  const license = given.license ?? (await askLicense(prompts));
  return { template, description: description.trim() || undefined, license };
}

const askTemplate = async (prompts: Prompts): Promise<TemplateName> =>
  await prompts.select({
    message: "What kind of skill is it?",
    instead: "--template",
    options: [
      { value: "basic", label: "basic: steps to follow" },
      { value: "devops", label: "devops: changes to infrastructure, with checks and a way back" },
      { value: "coding", label: "coding: conventions, steps, how to check the result" },
    ],
  });

async function askLicense(prompts: Prompts): Promise<string | undefined> {
  const picked = await prompts.select({
    message: "Under which licence may others use it?",
    instead: "--license",
    options: [
      { value: noLicense, label: "none yet" },
      ...licenses.map((value) => ({ value, label: value })),
      { value: otherLicense, label: "another one" },
    ],
  });
  if (picked === noLicense) return undefined;
  if (picked !== otherLicense) return picked;
  return await prompts.text({
    message: "Its SPDX expression, e.g. GPL-3.0-or-later",
    instead: "--license",
    check: (text) => (isSpdx(text) ? undefined : "Like MIT, or MIT OR Apache-2.0: https://spdx.org/licenses"),
  });
}

/** The shape of an expression; which names there are is not checked. */
const isSpdx = (text: string): boolean =>
  /^\(*[A-Za-z0-9][A-Za-z0-9.+-]*(?: (?:AND|OR|WITH) \(*[A-Za-z0-9][A-Za-z0-9.+-]*\)*)*$/.test(text.trim());

export function createdResult(context: Context, { folder, name, files, workflow }: Scaffold): Result {
  const place = relative(context.cwd, folder);
  const at = (path: string) => safe(place === "" ? path : `${place}/${path}`);
  return {
    data: { name, path: folder, files, ...(workflow && { workflow }) },
    text: [
      ...files.map((path) => `✓ Created ${at(path)}`),
      ...(workflow ? [describeWorkflow(context, workflow)] : []),
    ].join("\n"),
    next: [
      "",
      `Next: write the instructions in ${at("SKILL.md")}, then run paks validate --strict${place === "" ? "" : ` ${safe(place)}`}`,
    ].join("\n"),
  };
}

function describeWorkflow(context: Context, { path, created }: NonNullable<Scaffold["workflow"]>): string {
  const shown = safe(relative(context.cwd, path));
  return created
    ? `✓ Created ${shown}; it needs the secret PAKS_TOKEN`
    : `⚠ Kept ${shown}, which is there already and serves every pak of the repository`;
}
