/** Strokes of lines: what the colour-blind, and those who print in grey, tell lines apart by. */
import t from "tap";
import { COLOURS, strokesOf } from "../../plugins/painters/vega/theme.ts";

const look = ({ colour, dash }: { colour: string; dash: readonly number[] }): string => `${colour} ${dash}`;

t.test("lines of a figure all look different, and members of a family have one dash", (t) => {
  const few = ["baseline", "noisy_0.05", "noisy_0.1", "ours_0.05", "ours_0.1"];
  const strokes = strokesOf(few);
  t.equal(
    new Set(strokes.map(({ colour }) => colour)).size,
    few.length,
    "a colour each while there are enough",
  );
  t.same(strokes[1]!.dash, strokes[2]!.dash);
  t.notSame(strokes[1]!.dash, strokes[3]!.dash);
  t.same(strokes[0]!.dash, []);

  const radii = ["0.01", "0.02", "0.03", "0.05", "0.1"];
  const many = ["baseline", ...radii.map((r) => `noisy_${r}`), ...radii.map((r) => `ours_${r}`), "madry_0.1"];
  const looks = strokesOf(many).map(look);
  t.equal(new Set(looks).size, many.length, looks.join("; "));
  const colours = strokesOf(many).map(({ colour }) => colour);
  t.equal(colours[1], colours[6], "one colour for one radius");
  t.notOk(colours.slice(1, 11).includes(colours[0]!), "the baseline has a colour of its own");
  t.end();
});

t.test("lines without families are solid until colours repeat", (t) => {
  t.same(
    strokesOf(["critic", "generator"]).map(({ dash }) => dash),
    [[], []],
  );
  const names = Array.from({ length: 20 }, (_, i) => String.fromCharCode(97 + i));
  const strokes = strokesOf(names);
  t.equal(new Set(strokes.map(look)).size, 20);
  t.same(
    strokes.slice(0, COLOURS.length).map(({ dash }) => dash),
    Array(COLOURS.length).fill([]),
  );
  t.end();
});
