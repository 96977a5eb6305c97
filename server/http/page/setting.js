/** What a browser remembers of this page: light or dark, and whether it tells of ends. */
import { number } from "./format.js";
import { nameOf } from "./table-model.js";

const THEMES = ["auto", "light", "dark"];

export function theme() {
  return localStorage.getItem("dsgan-theme") ?? "auto";
}

export function applyTheme() {
  if (theme() === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
}

export function nextTheme() {
  localStorage.setItem("dsgan-theme", THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length] ?? "auto");
  applyTheme();
}

/** Whether the browser can tell of ends. */
export function canNotify() {
  return "Notification" in window && Notification.permission !== "denied";
}

/** Whether it does. */
export function notifies() {
  return canNotify() && Notification.permission === "granted" && localStorage.getItem("dsgan-notify") === "1";
}

/** Has the browser tell of ends, once its user allows it, or no more. */
export async function toggleNotify() {
  if (notifies()) localStorage.removeItem("dsgan-notify");
  else if ((await Notification.requestPermission()) === "granted") localStorage.setItem("dsgan-notify", "1");
}

/** Tells of a run that has ended. @param {import("./table-model.js").Row} row @param {string} link */
export function tellEnd(row, link) {
  const metrics = row.asked.flatMap((name) => {
    const value = row.metrics[name];
    return value === undefined ? [] : [`${name} ${number(value)}`];
  });
  notify(`${nameOf(row)} ${row.status}`, { body: row.error ?? metrics.join(", "), tag: row.run }, link);
}

/** Tells of a sweep that has ended. @param {import("./api.js").SweepItem} sweep @param {string} link */
export function tellSweepEnd({ sweep, name, status, trials, jobs, goal, best }, link) {
  const result =
    goal && best ? `${goal.metric} ${number(best.score)} is best of ${trials}` : `${trials} trials`;
  const failed = jobs.failed > 0 ? `, ${jobs.failed} runs failed` : "";
  notify(`sweep ${name} ${status}`, { body: `${result}${failed}`, tag: sweep }, link);
}

/** @param {string} title @param {NotificationOptions} options @param {string} link */
function notify(title, options, link) {
  if (!notifies()) return;
  const notice = new Notification(title, options);
  notice.onclick = () => {
    window.focus();
    location.hash = link;
  };
}
