// Returns every visible text whose contrast with what is behind it is below 4.5, as [text, ratio].
const parsed = (color) => {
  const [red, green, blue, alpha = 1] = color.match(/[\d.]+/g).map(Number);
  return { red, green, blue, alpha };
};
const over = (top, bottom) => {
  const mix = (name) => top[name] * top.alpha + bottom[name] * (1 - top.alpha);
  return { red: mix("red"), green: mix("green"), blue: mix("blue"), alpha: 1 };
};
const luminance = ({ red, green, blue }) => {
  const [r, g, b] = [red, green, blue].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (element) => {
  const grounds = [];
  for (let at = element; at; at = at.parentElement) {
    const ground = getComputedStyle(at).backgroundColor;
    if (ground.startsWith("rgb")) grounds.push(parsed(ground));
  }
  return grounds.reduceRight((below, ground) => over(ground, below), { red: 255, green: 255, blue: 255, alpha: 1 });
};
const pale = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.data.trim();
  if (text === "" || !element.checkVisibility({ visibilityProperty: true }) || element.closest(".hidden, .skip")) continue;
  const ground = behind(element);
  const light = luminance(over(parsed(getComputedStyle(element).color), ground));
  const dark = luminance(ground);
  const ratio = (Math.max(light, dark) + 0.05) / (Math.min(light, dark) + 0.05);
  if (ratio < 4.5) pale.push([text.slice(0, 40), Math.round(ratio * 100) / 100]);
}
return pale;
