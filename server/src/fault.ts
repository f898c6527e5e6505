import type { ServerConfig } from "./config.ts";

/** For tests of crashes: does at one named point what a machine may do at any. */
export function makeFault({ point, action }: NonNullable<ServerConfig["fault"]>): (reached: string) => void {
  return (reached) => {
    if (reached !== point) return;
    if (action === "throw") throw new Error(`fault at ${point}`);
    process.kill(process.pid, action === "kill" ? "SIGKILL" : "SIGSTOP");
  };
}
