import { expect, it } from "vitest";
import { Slots } from "../../../lib/base/slots.ts";

it("does so much at a time, in the order of coming, and goes on after a failure", async () => {
  const slots = new Slots(2);
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const results = [0, 1, 2, 3].map((number) =>
    slots.run(async () => {
      begun.push(number);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (number === 0) throw new Error("the first fails");
      return number;
    }),
  );
  const outcome = Promise.allSettled(results);
  expect(begun).toEqual([0, 1]);
  ends[0]!();
  await expect(results[0]).rejects.toThrow("the first fails");
  expect(begun).toEqual([0, 1, 2]);
  ends[1]!();
  await results[1];
  expect(begun).toEqual([0, 1, 2, 3]);
  for (const end of ends) end();
  expect((await outcome).slice(1)).toEqual([1, 2, 3].map((value) => ({ status: "fulfilled", value })));
});
