import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { isVersion } from "./version.ts";

/** Narrower than git's own rule: nothing that an option, a shell, a file system or a URL could misread. */
const grammar = /^[A-Za-z0-9][A-Za-z0-9._+@/-]{0,127}$/;

const rules: readonly { readonly breaks: (tag: string) => boolean; readonly message: string }[] = [
  { breaks: (tag) => tag === "", message: "is empty" },
  { breaks: (tag) => tag.length > 128, message: "is longer than 128 characters" },
  {
    breaks: (tag) => !grammar.test(tag),
    message: "may hold only letters, digits and . _ + @ / -, and begins with a letter or digit",
  },
  { breaks: (tag) => tag.includes("..") || tag.includes("//"), message: 'may not hold ".." or "//"' },
  { breaks: (tag) => tag.includes("/."), message: "may not have a part that begins with a dot" },
  { breaks: (tag) => /\.lock(?:\/|$)/i.test(tag), message: 'may not have a part that ends with ".lock"' },
  { breaks: (tag) => /[./]$/.test(tag), message: "may not end with a dot or slash" },
  { breaks: (tag) => tag.startsWith("refs/"), message: 'may not begin with "refs/"' },
  // With such a name `git show HEAD` and friends no longer say what they mean.
  { breaks: (tag) => tag === "HEAD" || tag === "FETCH_HEAD", message: "is a name that git uses itself" },
];

/**
 * The short name of a tag, as in `v1.2.0`.
 * @throws PaksError INVALID_TAG
 */
export function parseTagName(text: string): string {
  const broken = rules.find((rule) => rule.breaks(text));
  if (!broken) return text;
  throw new PaksError("INVALID_TAG", `The tag name "${escapeText(text, 140)}" ${broken.message}.`, {
    hint: text.startsWith("refs/tags/")
      ? "Give the short name, without refs/tags/."
      : "Use a name such as v1.2.0 or pdf--v1.2.0.",
  });
}

/**
 * The tag that `paks publish` writes. The form for folders is the one that Claude Code's plugin resolver reads too.
 * @param o.path folder of the pak inside the repository; "" is the root
 * @param o.prefix replaces everything before the version; "" leaves the bare version
 * @throws PaksError INVALID_TAG
 */
export function formatTag(o: { version: string; name: string; path: string; prefix?: string | undefined }): string {
  const prefix = o.prefix ?? (o.path === "" ? "v" : `${o.name}--v`);
  return parseTagName(prefix + o.version);
}

/** The version that a tag gives to this pak; `undefined` when the tag does not concern it. */
export function tagVersion(
  tag: string,
  pak: { name: string; path: string; prefix?: string | null | undefined },
): string | undefined {
  const { name, path } = pak;
  const prefixes = ["v", "", `${name}--v`, `${name}/v`, `${name}@`, `${name}-v`];
  if (path !== "") prefixes.push(`${path}/v`);
  if (pak.prefix !== undefined && pak.prefix !== null) prefixes.push(pak.prefix);
  for (const prefix of prefixes) {
    if (!tag.startsWith(prefix)) continue;
    const version = tag.slice(prefix.length);
    if (isVersion(version)) return version;
  }
  return undefined;
}

/** True for `v1.2.0` and `1.2.0`: such a tag speaks to every pak of the repository. */
export const isRepositoryWideTag = (tag: string): boolean => isVersion(tag.startsWith("v") ? tag.slice(1) : tag);
