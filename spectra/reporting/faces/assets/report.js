"use strict";
// Charts are drawn when they come into view; their numbers stand in the page as JSON.
const { charts, dark } = JSON.parse(document.getElementById("charts").textContent);
const isDark = matchMedia("(prefers-color-scheme: dark)");

function drawn(place) {
  const chart = charts[Number(place.dataset.chart)];
  const ink = getComputedStyle(document.body).getPropertyValue("--ink");
  const line = getComputedStyle(document.body).getPropertyValue("--line");
  const layout = structuredClone(chart.layout);
  layout.font = { color: ink, size: 12, family: getComputedStyle(document.body).fontFamily };
  for (const axis of ["xaxis", "yaxis"]) layout[axis].gridcolor = line;
  let data = JSON.stringify(chart.data);
  if (isDark.matches) for (const [light, other] of Object.entries(dark)) data = data.replaceAll(light, other);
  Plotly.react(place, JSON.parse(data), layout, { displaylogo: false, responsive: true });
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    drawn(entry.target);
  }
}, { rootMargin: "400px" });
const places = [...document.querySelectorAll(".chart")];
places.forEach((place) => seen.observe(place));
isDark.addEventListener("change", () => places.filter((p) => p.data).forEach(drawn));
addEventListener("beforeprint", () => places.filter((p) => !p.data).forEach(drawn));

// A click on a heading sorts; totals stay below, unknown numbers last.
function sorted(button) {
  const head = button.closest("th");
  const body = button.closest("table").tBodies[0];
  const column = head.cellIndex;
  const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  const isNumber = head.classList.contains("number");
  const key = (row) => {
    const cell = row.cells[column];
    if (!isNumber) return cell.textContent;
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const compared = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (isNumber ? x - y : x.localeCompare(y));
  };
  const rows = [...body.rows];
  const totals = rows.filter((row) => row.classList.contains("total"));
  const others = rows.filter((row) => !row.classList.contains("total")).sort(compared);
  body.append(...others, ...totals);
  for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
}
document.querySelectorAll("th button").forEach((b) => b.addEventListener("click", () => sorted(b)));

// The filter hides rows of all tables that do not hold what is typed.
const filter = document.getElementById("filter");
filter.addEventListener("input", () => {
  const wanted = filter.value.trim().toLowerCase();
  for (const row of document.querySelectorAll("tbody tr:not(.total)")) {
    row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
  }
});

// The contents say where the reader is.
const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
const here = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    links.forEach((a) => a.classList.remove("here"));
    links.get(entry.target.id)?.classList.add("here");
  }
}, { rootMargin: "0px 0px -70% 0px" });
document.querySelectorAll("section[id]").forEach((section) => here.observe(section));
