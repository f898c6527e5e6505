import { decodeText } from "./frontmatter.ts";
import { isVersion } from "./version.ts";

/** The file of a pak whose sections tell what its releases changed. */
export const changelogFileName = "CHANGELOG.md";

/** Characters (UTF-16) of one section that a tag and a release keep. What is longer is cut at the end of a line. */
export const maxChangelogLength = 10_000;

interface Heading {
  readonly level: number;
  /** The version that it announces; `undefined` for any other heading. */
  readonly version: string | undefined;
}

interface Line {
  readonly text: string;
  readonly heading: Heading | undefined;
  /** What closes the fenced code that this line is part of; `undefined` outside. */
  readonly fence: string | undefined;
}

/**
 * What a changelog says of one version: the lines below its heading, without blank lines around and with LF line ends.
 * Read are the forms of Keep a Changelog (`## [1.2.0] - 2026-01-31`), of changesets (`## 1.2.0`) and of the usual
 * release tools (`# [1.2.0](link) (date)`, patches one level deeper). `undefined`: no such section, or an empty one.
 */
export function findChangelogSection(text: string, version: string): string | undefined {
  const lines = readLines(text);
  const start = lines.findIndex(({ heading }) => heading?.version === version);
  const own = lines[start]?.heading;
  if (!own) return undefined;
  const rest = lines.slice(start + 1);
  const end = rest.findIndex(({ heading }) => heading && endsSection(heading, own));
  return formatSection(end < 0 ? rest : rest.slice(0, end));
}

/** The section out of a pak's files. @throws PaksError INVALID_ENCODING when the changelog is not UTF-8 */
export function readChangelogSection(
  files: Iterable<{ readonly path: string; readonly bytes: Uint8Array }>,
  version: string,
): string | undefined {
  for (const { path, bytes } of files) {
    if (path === changelogFileName) return findChangelogSection(decodeText(bytes, path), version);
  }
  return undefined;
}

/** Some tools write patches as `###` below a minor version, so a version's heading ends what it seems to be part of. */
const endsSection = (next: Heading, own: Heading): boolean =>
  next.level <= own.level || (next.version !== undefined && next.level <= 3);

/** Headings as CommonMark has them: not those in fenced code, nor in comments. */
function readLines(text: string): Line[] {
  let fence: string | undefined;
  let comment = false;
  return text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .map((line): Line => {
      if (comment || (fence === undefined && /^ {0,3}<!--/.test(line))) {
        comment = !line.includes("-->");
        return { text: line, heading: undefined, fence: undefined };
      }
      if (fence !== undefined) {
        const inside = fence;
        if (closesFence(line, fence)) fence = undefined;
        return { text: line, heading: undefined, fence: fence === undefined ? undefined : inside };
      }
      fence = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/
        .exec(line)
        ?.slice(1)
        .find((mark) => mark !== undefined);
      return { text: line, heading: fence === undefined ? readHeading(line) : undefined, fence };
    });
}

function closesFence(line: string, fence: string): boolean {
  const mark = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1];
  return mark !== undefined && mark[0] === fence[0] && mark.length >= fence.length;
}

function readHeading(line: string): Heading | undefined {
  const match = /^ {0,3}(#{1,6})(?:[ \t]+(\S.*)?)?$/.exec(line);
  return match ? { level: match[1]!.length, version: readHeadingVersion(match[2] ?? "") } : undefined;
}

/** `[1.2.0] - date`, `v1.2.0`, `[1.2.0](link) (date)`, `1.2.0 / date`; but not `1.2.0 and what it means for you`. */
function readHeadingVersion(text: string): string | undefined {
  const match = /^\[?(?:(?:version|release)[ \t]+)?v?([0-9][0-9A-Za-z.+-]{0,127})(?![0-9A-Za-z.+-])(.*)$/i.exec(text);
  const [, version = "", after = ""] = match ?? [];
  return isVersion(version) && /^\]?(?:[([]|[ \t]*(?:$|[-–—/:(#[0-9]))/.test(after) ? version : undefined;
}

/** Keep a Changelog lists the versions' links at the end of the file, which is the end of its oldest section. */
const isVersionLink = (line: string): boolean => {
  const label = /^ {0,3}\[([^\]]{1,200})\]:[ \t]*\S/.exec(line)?.[1];
  return label !== undefined && (/^unreleased$/i.test(label) || isVersion(label.replace(/^v/i, "")));
};

function formatSection(lines: readonly Line[]): string | undefined {
  const last = lines.findLastIndex(({ text, fence }) => fence !== undefined || !(isBlank(text) || isVersionLink(text)));
  const first = lines.findIndex(({ text }) => !isBlank(text));
  if (last < 0 || first > last) return undefined;
  return cut(lines.slice(first, last + 1));
}

const isBlank = (line: string): boolean => /^[ \t]*$/.test(line);

const more = "\n\n…";

/** Whole lines, as many as fit. Code that is open at the cut is closed: it would swallow what comes behind. */
function cut(lines: readonly Line[]): string {
  const whole = lines.map(({ text }) => text).join("\n");
  if (whole.length <= maxChangelogLength) return whole;
  let kept = "";
  let end = more;
  for (const { text, fence } of lines) {
    const next = kept === "" ? text : `${kept}\n${text}`;
    const nextEnd = fence === undefined ? more : `\n${fence}${more}`;
    if (next.length + nextEnd.length > maxChangelogLength) break;
    kept = next;
    end = nextEnd;
  }
  return `${kept === "" ? cutLine(lines[0]!.text) : kept}${end}`;
}

const cutLine = (line: string): string =>
  line.slice(0, maxChangelogLength - more.length).replace(/[\uD800-\uDBFF]$/, "");
