import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOfRun, failureOf, openLab } from "./testing/lab.ts";
import { retryHost } from "./retry-host.ts";

test("a git host that stumbles twice is asked again, and the publish goes on", async () => {
  const lab = await openLab();
  const left = new Map([
    ["list-push", 2],
    ["list-fetch", 2],
  ]);
  lab.server.setFaults(({ service }) => {
    const failures = left.get(service) ?? 0;
    left.set(service, failures - 1);
    return failures > 0 ? { type: "status", status: 502 } : undefined;
  });
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ verified: true });
});

test("a host that says no is asked once", async () => {
  const lab = await openLab();
  lab.server.setFaults(({ service }) => (service === "list-push" ? { type: "status", status: 403 } : undefined));
  const before = lab.server.count("list-push");
  expect(failureOf(await lab.publish(["--bump", "patch", "--json"])).code).toBe("PUSH_FORBIDDEN");
  expect(lab.server.count("list-push")).toBe(before + 1);
});

test("Ctrl-C ends the wait for the next try", async () => {
  const stop = new AbortController();
  const down = new PaksError("GIT_HOST_UNAVAILABLE", "down");
  const ask = retryHost({ signal: stop.signal, debug: () => undefined }, async () => await Promise.reject(down));
  stop.abort(new PaksError("CANCELLED", "Stopped."));
  await expect(ask).rejects.toMatchObject({ code: "CANCELLED" });
});
