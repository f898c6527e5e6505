import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { holdCtrlC } from "./hold-ctrl-c.ts";

function terminal() {
  const modes: boolean[] = [];
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => modes.push(on) });
  let signals = 0;
  const count = () => void (signals += 1);
  process.on("SIGINT", count);
  onTestFinished(() => void process.off("SIGINT", count));
  return { input, modes, signals: () => signals };
}

test("Ctrl-C comes after the work, once, and the terminal is as before", async () => {
  const { input, modes, signals } = terminal();
  const done = await holdCtrlC(input, async () => {
    input.write("x\u0003\u0003");
    await delay(20);
    expect(signals()).toBe(0);
    return 7;
  });
  expect(done).toBe(7);
  await expect.poll(signals).toBe(1);
  expect(modes).toEqual([true, false]);
});

test("without Ctrl-C nothing follows, and a failure gives the terminal back too", async () => {
  const { input, modes, signals } = terminal();
  await expect(holdCtrlC(input, async () => await Promise.reject(new Error("no")))).rejects.toThrow("no");
  await delay(20);
  expect({ modes, signals: signals() }).toEqual({ modes: [true, false], signals: 0 });
});

test("what is no terminal is left alone", async () => {
  const input = new PassThrough();
  expect(await holdCtrlC(input, async () => 1)).toBe(1);
  expect(input.listenerCount("data")).toBe(0);
});
