// Speeds as pictures: a line of a few words' height, and a chart with an area under it.
//
// Owns how samples become a path. The latest is always at the right edge, and a chart's height is its highest sample.

import { svg } from "./dom.js";

/** The time between two samples of everything together, in milliseconds. */
export const EVERY = 1000;

/**
 * A picture of samples that can be drawn again; what it says is told to screen readers as its label.
 * @param {{across: number, height: number, kind: string}} size samples across, and the height in units of the picture
 * @returns {{node: SVGElement, draw: (samples: number[], label: string) => void}}
 */
export function chart({ across, height, kind }) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line", "vector-effect": "non-scaling-stroke" });
  const grid = [0.25, 0.5, 0.75].map((at) =>
    svg("path", {
      class: "grid",
      d: `M0 ${at * height}H${across - 1}`,
      "vector-effect": "non-scaling-stroke",
    }),
  );
  const node = svg(
    "svg",
    {
      class: `chart ${kind}`,
      viewBox: `0 0 ${across - 1} ${height}`,
      preserveAspectRatio: "none",
      role: "img",
    },
    ...(kind === "flow" ? grid : []),
    area,
    line,
  );
  let drawn = "";

  return {
    node,
    draw(samples, label) {
      const shown = samples.slice(-across);
      const top = Math.max(1, ...shown);
      const left = across - shown.length;
      // Half a unit of room above, so that the line isn't cut where it is highest.
      const points = shown.map((speed, at) => `${left + at} ${round(height - (speed / top) * (height - 1) - 0.5)}`);
      const path = points.length > 1 ? `M${points.join("L")}` : "";
      if (path !== drawn) {
        drawn = path;
        line.setAttribute("d", path);
        area.setAttribute("d", path && `${path}L${across - 1} ${height}L${left} ${height}Z`);
      }
      if (node.getAttribute("aria-label") !== label) node.setAttribute("aria-label", label);
    },
  };
}

function round(number) {
  return Math.round(number * 100) / 100;
}
