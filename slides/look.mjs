// node look.mjs BROWSER FILE.html FOLDER: looks at every slide as the audience will.
//
// Renders each slide at 1280 x 720 into FOLDER/slide-NN.png and ends with status 1 if any element
// reaches over the edge of its slide, is clipped, is too small to be read, or is a picture that did
// not load, and if a slide leaves its lower half empty.
import { mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';

const [browserPath, page, folder] = process.argv.slice(2);

// Runs inside the page: what is wrong with one slide, as sentences.
function faults(section) {
  const MARGIN = 16; // px that every element keeps from the edge
  const SMALLEST = 19; // px of a letter that the last row can read
  const box = section.getBoundingClientRect();
  const found = [];
  let end = box.top;
  for (const element of section.querySelectorAll('*')) {
    const at = element.getBoundingClientRect();
    if (at.width === 0 || at.height === 0) continue;
    const name = `<${element.localName}> "${(element.textContent || element.alt || '').trim().slice(0, 40)}"`;
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
    const size = parseFloat(getComputedStyle(element).fontSize);
    const hasText = [...element.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (hasText && size < SMALLEST) found.push(`${name} is written in ${size} px`);
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

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const browser = await puppeteer.launch({ executablePath: resolve(browserPath), timeout: 60_000 });
let bad = 0;
try {
  const tab = await browser.newPage();
  await tab.setViewport({ width: 1280, height: 720 });
  await tab.goto(pathToFileURL(resolve(page)).href, { waitUntil: 'load' });
  const slides = await tab.$$('svg[data-marpit-svg]');
  if (slides.length === 0) throw new Error(`no slides in ${page}`);
  for (const [i, slide] of slides.entries()) {
    const number = String(i + 1).padStart(2, '0');
    await slide.screenshot({ path: `${folder}/slide-${number}.png` });
    const section = await slide.$('section');
    for (const fault of await section.evaluate(faults)) {
      console.error(`slide ${i + 1}: ${fault}`);
      bad += 1;
    }
  }
  console.log(`${slides.length} slides at 1280 x 720, ${bad} faults; their pictures are in ${resolve(folder)}`);
} finally {
  await browser.close();
}
process.exit(bad === 0 ? 0 : 1);
