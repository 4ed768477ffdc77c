// node look.mjs BROWSER FILE.html FOLDER: looks at every slide as the audience will.
//
// Renders each slide at 1280 x 720 into FOLDER/slide-NN.png and ends with status 1 if any element
// reaches over the edge of its slide, is clipped, is too small to be read, or is a picture that did
// not load, and if a slide leaves its lower half empty. In the pictures too, words must keep inside,
// apart, and large enough. Everywhere they must stand out from what is behind them, as WCAG 2.2 asks,
// and be written in a font of the deck, not of this machine.
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';

const [browserPath, page, folder] = process.argv.slice(2);

// Runs inside the page: what is wrong with one slide, as sentences.
function faults(section) {
  const MARGIN = 16; // px that every element keeps from the edge
  const box = section.getBoundingClientRect();
  const found = [];
  let end = box.top;
  for (const element of section.querySelectorAll(':not(section svg *)')) {
    const at = element.getBoundingClientRect();
    if (at.width === 0 || at.height === 0) continue;
    const name = `<${element.localName}> "${(element.textContent || element.alt || '').trim().replace(/\s+/g, ' ').slice(0, 40)}"`;
    const over = {
      left: box.left + MARGIN - at.left,
      right: at.right - box.right + MARGIN,
      top: box.top + MARGIN - at.top,
      bottom: at.bottom - box.bottom + MARGIN,
    };
    for (const [side, pixels] of Object.entries(over)) {
      if (pixels > 0.5) found.push(`${name} reaches ${Math.ceil(pixels)} px too far to the ${side}`);
    }
    end = Math.max(end, at.bottom);
    if (element.localName === 'pre' && element.scrollWidth > element.clientWidth + 1) {
      found.push(`${name} is cut off: ${element.scrollWidth - element.clientWidth} px too wide`);
    }
    if (element.localName === 'img' && element.naturalWidth === 0) {
      found.push(`the picture ${element.alt || element.src.slice(0, 60)} did not load`);
    }
  }
  if (end < box.top + box.height / 2) found.push('its lower half is empty');
  return found;
}

// Runs inside the page: the pieces of text of one slide, and where they stand on it.
function texts(section) {
  const box = section.getBoundingClientRect();
  const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const { data, parentElement: element } = walker.currentNode;
    if (!data.trim() || element.closest('title, desc, style, script')) continue;
    const picture = element.closest('section svg');
    const style = getComputedStyle(element);
    const matrix = picture ? element.getScreenCTM() : { a: 1, b: 0 };
    let opacity = picture ? Number(style.fillOpacity) : 1;
    for (let at = element; at !== section; at = at.parentElement) opacity *= Number(getComputedStyle(at).opacity);
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const at of range.getClientRects()) {
      // A letter fills about two thirds of the height of its line.
      const upright = at.height > 1.5 * at.width && data.trim().length > 1;
      const [dx, dy] = upright ? [at.width / 6, 0] : [0, at.height / 6];
      found.push({
        words: data.trim().slice(0, 40),
        room: picture && picture.getBoundingClientRect().toJSON(),
        left: at.left + dx, right: at.right - dx, top: at.top + dy, bottom: at.bottom - dy,
        size: parseFloat(style.fontSize) * Math.hypot(matrix.a, matrix.b),
        bold: Number(style.fontWeight) >= 700,
        colour: (picture ? style.fill : style.color).match(/[\d.]+/g).map(Number),
        opacity,
        slide: { left: box.left, top: box.top },
      });
    }
  }
  return found;
}

// What is wrong with the words of one slide, as sentences.
function wordFaults(all) {
  const SMALLEST = { slide: 19, picture: 14 }; // px of a letter that the last row can read
  const found = [];
  for (const [i, text] of all.entries()) {
    const smallest = text.room ? SMALLEST.picture : SMALLEST.slide;
    if (text.size < smallest - 0.05) found.push(`"${text.words}" is written in ${text.size.toFixed(1)} px`);
    if (!text.room) continue;
    const { room } = text;
    const over = Math.max(room.left - text.left, text.right - room.right, room.top - text.top, text.bottom - room.bottom);
    if (over > 1) found.push(`"${text.words}" reaches ${Math.ceil(over)} px beyond its picture`);
    for (const other of all.slice(i + 1).filter((one) => one.room)) {
      const wide = Math.min(text.right, other.right) - Math.max(text.left, other.left);
      const high = Math.min(text.bottom, other.bottom) - Math.max(text.top, other.top);
      if (wide > 1 && high > 1) found.push(`"${text.words}" overlaps "${other.words}"`);
    }
  }
  return found;
}

// Runs inside the page: which words do not stand out, given the slide without its words.
async function faint(png, all) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const text of all.filter(({ bottom, slide }) => bottom - slide.top < image.height)) {
    const size = [Math.max(1, text.right - text.left), Math.max(1, text.bottom - text.top)];
    const { data } = canvas.getImageData(text.left - text.slide.left, text.top - text.slide.top, ...size);
    const [r, g, b, alpha = 1] = text.colour;
    const share = alpha * text.opacity;
    const contrasts = [];
    for (let i = 0; i < data.length; i += 4) {
      const behind = [data[i], data[i + 1], data[i + 2]];
      const shown = [r, g, b].map((c, k) => share * c + (1 - share) * behind[k]);
      const [low, high] = [luminance(behind), luminance(shown)].sort((x, y) => x - y);
      contrasts.push((high + 0.05) / (low + 0.05));
    }
    const large = text.size >= 24 || (text.bold && text.size >= 18.66);
    // A thin line that crosses the words does no harm.
    const contrast = contrasts.sort((x, y) => x - y)[Math.floor(contrasts.length / 5)];
    if (contrast < (large ? 3 : 4.5)) found.push(`"${text.words}" has a contrast of ${contrast.toFixed(2)} to what is behind it`);
  }
  return found;
}

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const browser = await puppeteer.launch({ executablePath: resolve(browserPath), timeout: 60_000 });
let bad = 0;
try {
  const tab = await browser.newPage();
  await tab.setViewport({ width: 1280, height: 720 });
  await tab.goto(pathToFileURL(resolve(page)).href, { waitUntil: 'load' });
  await tab.evaluate(() => document.fonts.ready.then(() => {}));
  const system = await tab.createCDPSession();
  await system.send('DOM.enable');
  await system.send('CSS.enable');
  const { root } = await system.send('DOM.getDocument');
  const { nodeIds } = await system.send('DOM.querySelectorAll', { nodeId: root.nodeId, selector: 'section' });
  const slides = await tab.$$('svg[data-marpit-svg]');
  if (slides.length === 0) throw new Error(`no slides in ${page}`);
  for (const [i, slide] of slides.entries()) {
    const number = String(i + 1).padStart(2, '0');
    await slide.screenshot({ path: `${folder}/slide-${number}.png` });
    const section = await slide.$('section');
    const found = await section.evaluate(faults);
    const all = await section.evaluate(texts);
    found.push(...wordFaults(all));
    const elements = await system.send('DOM.querySelectorAll', { nodeId: nodeIds[i], selector: '*' });
    const foreign = new Set();
    for (const nodeId of elements.nodeIds) {
      const { fonts } = await system.send('CSS.getPlatformFontsForNode', { nodeId });
      for (const font of fonts) if (!font.isCustomFont) foreign.add(font.familyName);
    }
    for (const font of foreign) found.push(`some letters are in ${font}, a font that only this machine may have`);
    const hide = await tab.addStyleTag({
      content: '* { -webkit-text-fill-color: transparent !important } text, tspan { fill: transparent !important }',
    });
    found.push(...(await tab.evaluate(faint, await slide.screenshot({ encoding: 'base64' }), all)));
    await hide.evaluate((style) => style.remove());
    for (const fault of found) console.error(`slide ${i + 1}: ${fault}`);
    bad += found.length;
  }
  console.log(`${slides.length} slides at 1280 x 720, ${bad} faults; their pictures are in ${resolve(folder)}`);
} finally {
  await browser.close();
}
process.exit(bad === 0 ? 0 : 1);
