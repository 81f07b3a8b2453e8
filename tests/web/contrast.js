// Of all text that can be seen: [ratio, colours, words] where the ratio of contrast is below `least` (WCAG 2.1, 1.4.3).
// Text of disabled controls is exempt there, and here.
const least = arguments[0];

const parse = (text) => {
  const numbers = text.match(/[\d.]+/g).map(Number);
  return { rgb: numbers.slice(0, 3), alpha: numbers.length > 3 ? numbers[3] : 1 };
};
const over = (top, bottom) => top.rgb.map((value, i) => value * top.alpha + bottom[i] * (1 - top.alpha));
const luminance = (rgb) => {
  const [r, g, b] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one, other) => {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
};
const CANVAS = parse(getComputedStyle(document.body).backgroundColor);
const background = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
  return layers.reverse().reduce((bottom, top) => over(top, bottom), CANVAS.rgb);
};
const opacity = (element) => {
  let all = 1;
  for (let at = element; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
  return all;
};
const visible = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) && !element.closest(".hidden, option");

const seen = [];
const check = (element, colour, words) => {
  const own = parse(colour);
  const behind = background(element);
  const ratio = contrast(over({ rgb: own.rgb, alpha: own.alpha * opacity(element) }, behind), behind);
  seen.push([Math.round(ratio * 100) / 100, `${colour} on rgb(${behind.map(Math.round)})`, words.trim().slice(0, 60)]);
};

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  if (!texts.currentNode.data.trim() || !visible(element) || element.closest(":disabled, script, style, noscript")) continue;
  const style = getComputedStyle(element);
  check(element, element.closest("svg") ? style.fill : style.color, texts.currentNode.data);
}
for (const field of document.querySelectorAll("input:enabled, textarea:enabled, select:enabled")) {
  if (!visible(field) || field.type === "range") continue;
  check(field, getComputedStyle(field).color, field.value || field.id);
  if (field.placeholder) check(field, getComputedStyle(field, "::placeholder").color, field.placeholder);
}
return { count: seen.length, low: seen.filter(([ratio]) => ratio < least) };
