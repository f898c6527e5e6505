import type { ErrorCode, PaksError } from "../errors.ts";
import { type Finding, findingOf } from "../finding.ts";
import type { YamlReading } from "../safe-yaml.ts";
import type { YamlPath } from "../yaml-tree.ts";
import type { Profile } from "./reading.ts";

/** One YAML file of a manifest, read. */
export interface ManifestSource {
  /** As findings show it. */
  readonly path: string;
  readonly data: YamlReading["data"];
  readonly locate: YamlReading["locate"];
}

export interface Remark {
  readonly message: string;
  readonly hint?: string | undefined;
  readonly consumers?: readonly string[] | undefined;
  /** Where; the file's first field when absent. */
  readonly source?: ManifestSource | undefined;
  readonly field?: YamlPath | undefined;
}

/** Collects findings of one manifest and knows which of them the profile makes errors. */
export class Report {
  readonly findings: Finding[] = [];
  readonly profile: Profile;

  constructor(profile: Profile) {
    this.profile = profile;
  }

  error(code: ErrorCode, remark: Remark): void {
    this.findings.push({ severity: "error", code, ...rest(remark) });
  }

  warn(code: string, remark: Remark): void {
    this.findings.push({ severity: "warning", code, ...rest(remark) });
  }

  /** An error of the strict profile; the lenient one keeps the record and warns with `warning`. */
  breach(warning: string, remark: Remark, code: ErrorCode = "MANIFEST_INVALID"): void {
    if (this.profile === "strict") this.error(code, remark);
    else this.warn(warning, remark);
  }

  thrown(error: PaksError): void {
    this.findings.push(findingOf(error));
  }

  /** An error of the text that the lenient profile could read past. */
  healed(error: PaksError): void {
    const message = "A value needs quotes; it was read as if it had them.";
    this.findings.push({ ...findingOf(error), severity: "warning", code: "UNQUOTED_COLON", message });
  }
}

function rest({ message, hint, consumers, source, field }: Remark): Omit<Finding, "severity" | "code"> {
  const place = field && source?.locate(field);
  return {
    message,
    ...(hint !== undefined && { hint }),
    ...(source && { path: source.path }),
    ...(place && { line: place.line, column: place.column }),
    ...(field && { field: field.join(".") }),
    ...(consumers && { consumers }),
  };
}
