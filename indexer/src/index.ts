export type { FaultPoint, IndexerDeps } from "./deps.ts";
export { diffTags, type ListedTag, type RecordedTag, type TagDiff, type TagFacts } from "./diff-tags.ts";
export { reconcileRepository } from "./jobs/reconcile-repository.ts";
export { type HeldJob, holdLease, LeaseLost } from "./lease.ts";
export { type RunningWorker, runNextJob, type RunOptions, runWorker, type WorkerOptions } from "./worker.ts";
