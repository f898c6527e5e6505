import * as z from "zod/mini";
import { AttemptDto, Digest, ErrorBodyDto, FindingDto, Sha256 } from "./dto.ts";
import { mostTagsAtOnce } from "./limits.ts";

/** Any text: `parseRepositoryUrl` and `parseTagName` judge it, length included, with codes that say what is wrong. */
const RepositoryText = z.string();
const TagText = z.string();
const PathText = z.string().check(z.maxLength(240));

export const IndexRequest = z.object({
  repository: RepositoryText,
  tag: TagText,
  /** Folder of the pak inside the repository; absent or "" = wherever the tag's trailers or bindings say. */
  path: z.optional(PathText),
  /** The older name of `path`. */
  skill_path: z.optional(PathText),
});
export type IndexRequest = z.infer<typeof IndexRequest>;

/** Several tags of one repository. Each tag and path is judged on its own: a bad one does not lose the others. */
export const IndexTagsRequest = z.object({
  repository: RepositoryText,
  tags: z
    .array(z.object({ tag: TagText, path: z.optional(z.string()), skill_path: z.optional(z.string()) }))
    .check(z.minLength(1), z.maxLength(mostTagsAtOnce)),
});
export type IndexTagsRequest = z.infer<typeof IndexTagsRequest>;

/** One of several tags that were announced at once: its attempt, or why there is none. */
export const IndexedTagDto = z.looseObject({
  /** As it was announced. */
  tag: z.string(),
  path: z.nullable(z.string()),
  attempt: z.optional(AttemptDto),
  error: z.optional(ErrorBodyDto.shape.error),
});
export type IndexedTagDto = z.infer<typeof IndexedTagDto>;

/** The registry's checks before a tag exists. */
export const IndexDryRunRequest = z.object({
  package: z.string().check(z.maxLength(128)),
  version: z.string().check(z.maxLength(128)),
  repository: z.optional(RepositoryText),
  path: z.optional(PathText),
  tag: z.optional(TagText),
  /** The manifest file's text, exactly as committed. */
  manifest: z.string().check(z.maxLength(262_144)),
  /** `skill.yaml` beside it, when there is one. */
  manifest_extra: z.optional(z.string().check(z.maxLength(262_144))),
  files: z
    .array(
      z.object({
        path: z.string(),
        size: z.int().check(z.nonnegative()),
        mode: z.enum(["100644", "100755"]),
        sha256: Sha256,
      }),
    )
    .check(z.maxLength(2000)),
});
export type IndexDryRunRequest = z.infer<typeof IndexDryRunRequest>;

/** Several releases, each judged on its own. */
export const IndexDryRunsRequest = z.object({
  releases: z.array(IndexDryRunRequest).check(z.minLength(1), z.maxLength(mostTagsAtOnce)),
});
export type IndexDryRunsRequest = z.infer<typeof IndexDryRunsRequest>;

export const IndexDryRunDto = z.looseObject({
  /** True when no finding is an error. */
  ok: z.boolean(),
  digest: z.nullable(Digest),
  /** True when this pak does not exist yet and would be made. */
  creates: z.boolean(),
  findings: z.array(FindingDto),
});
export type IndexDryRunDto = z.infer<typeof IndexDryRunDto>;
