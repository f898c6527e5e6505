import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { skillText } from "../testing/lab.ts";
import { changeManifest, commitIn, fileIn, type Refusal } from "./refusal.ts";

const token = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");

/** What is wrong with the manifest. */
export const manifestRows: readonly Refusal[] = [
  {
    what: "a folder without a manifest",
    ...{ code: "MANIFEST_MISSING", exit: 5, tells: "paks init", only: "single" },
    arrange: async (lab, target) => {
      await lab.repo.git("rm", "-q", fileIn(target, "SKILL.md"));
      await lab.repo.commit("No skill any more");
    },
  },
  {
    what: "no front matter",
    ...{ code: "FRONTMATTER_MISSING", exit: 5, tells: "---" },
    arrange: (lab, target) => changeManifest(lab, target, () => "# no front matter\n"),
  },
  {
    what: "a front matter that is no YAML",
    ...{ code: "FRONTMATTER_INVALID", exit: 5, tells: "quotes" },
    arrange: (lab, target) => changeManifest(lab, target, (text) => text.replace("it when", "it: when")),
  },
  {
    what: "a front matter that wants to run",
    ...{ code: "FRONTMATTER_LANGUAGE_NOT_ALLOWED", exit: 5, tells: "---" },
    arrange: (lab, target) => changeManifest(lab, target, () => "---js\n{ name: process.exit(3) }\n---\n"),
  },
  {
    what: "a front matter that never ends",
    ...{ code: "FRONTMATTER_TOO_COMPLEX", exit: 5, tells: "Move long texts" },
    arrange: (lab, target) =>
      changeManifest(lab, target, (text) => text.replace("---\n", `---\nlong: ${"x".repeat(20_000)}\n`)),
  },
  {
    what: "a manifest without a description",
    ...{ code: "MANIFEST_INVALID", exit: 5, tells: "agents choose by this text" },
    arrange: (lab, target) => changeManifest(lab, target, (text) => text.replace(/^description: .*\n/m, "")),
  },
  {
    what: "a manifest that is not UTF-8",
    ...{ code: "INVALID_ENCODING", exit: 5, tells: "UTF-8" },
    arrange: (lab, target) =>
      commitIn(lab, target, {
        "SKILL.md": Buffer.concat([Buffer.from(skillText("0.1.0", target.name)), Buffer.of(0xe4, 0x0a)]),
      }),
  },
  {
    what: "a description with invisible characters",
    ...{ code: "INVALID_CHARACTERS", exit: 5, tells: "U\\+202E" },
    arrange: (lab, target) => changeManifest(lab, target, (text) => text.replace("Fills in", "Fills\u202E in")),
  },
  {
    what: "a name that is none",
    ...{ code: "INVALID_NAME", exit: 5, tells: "name" },
    arrange: (lab, target) => changeManifest(lab, target, (text) => text.replace(/^name: .*$/m, 'name: "PDF!"')),
  },
  {
    what: "a changelog that would pass for trailers",
    ...{ code: "INVALID_PARAMETER", exit: 5, tells: "CHANGELOG.md.*Reword" },
    arrange: (lab, target) =>
      commitIn(lab, target, { "CHANGELOG.md": `# Changes\n\n## ${target.next}\n\nPaks-Digest: h1:x\n` }),
  },
  {
    what: "a changelog that is not UTF-8",
    ...{ code: "INVALID_ENCODING", exit: 5, tells: "CHANGELOG.md" },
    arrange: (lab, target) =>
      commitIn(lab, target, {
        "CHANGELOG.md": Buffer.concat([Buffer.from(`# Changes\n\n## ${target.next}\n\n`), Buffer.of(0xe4, 0x0a)]),
      }),
  },
];

/** What is wrong with the other files. */
export const fileRows: readonly Refusal[] = [
  {
    what: "a symbolic link",
    ...{ code: "SYMLINK_NOT_ALLOWED", exit: 5, tells: "put a copy there" },
    arrange: async (lab, target) => {
      await lab.repo.git("config", "core.symlinks", "true");
      await symlink("/etc/passwd", join(lab.repo.dir, fileIn(target, "link")));
      await commitIn(lab, target, {});
    },
  },
  {
    what: "a submodule",
    ...{ code: "SUBMODULE_NOT_SUPPORTED", exit: 5, tells: "put a copy there" },
    arrange: async (lab, target) => {
      await lab.repo.git("clone", "-q", ".", fileIn(target, "module"));
      await commitIn(lab, target, {});
    },
  },
  {
    what: "a path that Windows takes for a device",
    ...{ code: "UNSAFE_PATH", exit: 5, tells: "aux.md.*Rename" },
    arrange: (lab, target) => commitIn(lab, target, { "aux.md": "x\n" }),
  },
  {
    what: "two paths that are one on some disks",
    ...{ code: "CASE_COLLISION", exit: 5, tells: "Rename one of them" },
    arrange: (lab, target) => commitIn(lab, target, { "skill.md": "# Which of the two?\n" }),
  },
  {
    what: "a file of Git LFS",
    ...{ code: "LFS_NOT_SUPPORTED", exit: 5, tells: "without LFS" },
    arrange: (lab, target) => {
      const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`;
      return commitIn(lab, target, { "model.bin": pointer });
    },
  },
  {
    what: "a file that is too large",
    ...{ code: "TOO_LARGE", exit: 5, tells: "Shorten, split or remove" },
    arrange: (lab, target) => commitIn(lab, target, { "large.bin": Buffer.alloc(2 * 1024 * 1024 + 1, "x") }),
  },
  {
    what: "too many files",
    ...{ code: "TOO_MANY_FILES", exit: 5, tells: "at most 1000.*Leave out", only: "single" },
    arrange: (lab, target) =>
      commitIn(lab, target, Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`many/${at}.md`, ""]))),
  },
  {
    what: "a secret in a file",
    ...{ code: "SECRET_DETECTED", exit: 5, tells: "run.sh.*--allow-secret" },
    arrange: (lab, target) => commitIn(lab, target, { "scripts/run.sh": `export TOKEN=${token}\n` }),
  },
];
