/** A chart as a picture that can be taken away: what the legend beside it says is written below. */
import { colorOf, dashOf } from "./palette.js";

/** Sizes in pixels of the page: a row of the legend, the stroke that shows a line, the gaps around it. */
const [ROW, STROKE, GAP] = [20, 24, 8];

/**
 * @param {HTMLCanvasElement} canvas @param {HTMLElement} chart
 * @param {readonly import("./chart.js").ChartLine[]} lines
 * @returns {Promise<Blob | null>}
 */
export async function pngOf(canvas, chart, lines) {
  const scale = canvas.width / Math.max(1, canvas.clientWidth);
  const whole = document.createElement("canvas");
  const pen = whole.getContext("2d");
  if (pen === null) return null;
  const style = getComputedStyle(chart);
  const font = `${12 * scale}px system-ui, sans-serif`;
  pen.font = font;
  const labels = lines.map(({ label }, i) => `${label}  ${lastOf(chart, lines, i)}`.trimEnd());
  const places = placed(
    labels.map((text) => (STROKE + 2 * GAP) * scale + pen.measureText(text).width),
    canvas.width - 2 * GAP * scale,
  );
  const rows = Math.max(0, ...places.map(({ row }) => row + 1));
  whole.width = canvas.width; // which forgets the font
  whole.height = canvas.height + (rows === 0 ? 0 : rows * ROW + GAP) * scale;
  pen.fillStyle = style.getPropertyValue("--panel");
  pen.fillRect(0, 0, whole.width, whole.height);
  pen.drawImage(canvas, 0, 0);
  Object.assign(pen, { font, textBaseline: "middle", lineWidth: 2 * scale });
  for (const [i, { color, dash = dashOf(color) }] of lines.entries()) {
    const { row = 0, left = 0 } = places[i] ?? {};
    const x = GAP * scale + left;
    const y = canvas.height + (row + 0.5) * ROW * scale;
    pen.strokeStyle = colorOf(color);
    pen.setLineDash(dash.map((length) => length * scale));
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x + STROKE * scale, y);
    pen.stroke();
    pen.fillStyle = style.getPropertyValue("--ink");
    pen.fillText(labels[i] ?? "", x + (STROKE + GAP) * scale, y);
  }
  return await new Promise((resolve) => whole.toBlob(resolve));
}

/** What the chart's own legend tells of a line. @param {HTMLElement} chart @param {readonly { label: string }[]} lines @param {number} i */
function lastOf(chart, lines, i) {
  const shown = chart.querySelectorAll(".u-legend .u-series:not(.raw)"); // the axis is the first
  return shown.length === lines.length + 1
    ? (shown[i + 1]?.querySelector(".u-value")?.textContent ?? "")
    : "";
}

/** Sets labels side by side, in as many rows as they need. @param {readonly number[]} widths @param {number} room @returns {{ row: number, left: number }[]} */
function placed(widths, room) {
  let [row, left] = [0, 0];
  return widths.map((width) => {
    if (left > 0 && left + width > room) [row, left] = [row + 1, 0];
    const place = { row, left };
    left += width;
    return place;
  });
}
