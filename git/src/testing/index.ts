export { type Fault } from "./faults.ts";
export { testGit, testGitEnv } from "./git-command.ts";
export { type GitLab, gitLab } from "./git-lab.ts";
export { bareRepo, type GitRepo, gitRepo, gitRepoAt, type TestFiles, writeTestFiles } from "./git-repo.ts";
export { type RawEntry, type RawRepo, rawRepo } from "./raw-repo.ts";
export {
  type FaultHook,
  type GitRequest,
  type GitServer,
  type GitService,
  serveGit,
  type ServeGitOptions,
} from "./serve-git.ts";
