// engine.mjs: Marp, but the deck is one file that looks the same on every machine: its fonts and its
// pictures are inside. A picture in SVG becomes a part of its slide, so that it is written in the
// slides' font, and look.mjs sees what is in it. The commands of a live slide bring their recording.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { cast } from './cast.mjs';

const read = (file) => readFileSync(file, 'base64');

// Both may be embedded: Arimo by the SIL Open Font License, DejaVu by its own.
const fonts = [
  ['Arimo', 400, 'arimo/files/arimo-latin-400-normal', 'U+0-36F, U+2000-22FF'],
  ['Arimo', 700, 'arimo/files/arimo-latin-700-normal', 'U+0-36F, U+2000-22FF'],
  ['Arimo', 400, 'arimo/files/arimo-greek-400-normal', 'U+370-3FF'],
  ['Arimo', 700, 'arimo/files/arimo-greek-700-normal', 'U+370-3FF'],
  ['DejaVu Sans Mono', 400, 'dejavu-mono/files/dejavu-mono-latin-400-normal', 'U+0-10FFFF'],
];
const face = ([family, weight, file, range]) =>
  `@font-face { font-family: '${family}'; font-weight: ${weight}; unicode-range: ${range};
    src: url('data:font/woff2;base64,${read(`node_modules/@fontsource/${file}.woff2`)}'); }`;

// Every slide is in one document, so the names in two pictures must not be the same.
const inline = (file, alt, style) => {
  const own = `${basename(file, '.svg')}-`;
  return readFileSync(file, 'utf8')
    .replace(/<\?.*?\?>\s*/, '')
    .replace(/\b(id=["']|url\(#|href=["']#)/g, `$1${own}`)
    .replace('<svg', `<svg role="img" aria-label="${alt}" style="${style}"`);
};

export default ({ marp }) => {
  const { themeSet } = marp;
  themeSet.default = themeSet.add(readFileSync('theme.css', 'utf8') + fonts.map(face).join('\n'));
  return marp.use(({ renderer, utils }) => {
    const { fence } = renderer.rules;
    renderer.rules.fence = (tokens, i, ...rest) => {
      const slide = tokens.slice(0, i).findLast((token) => token.type === 'marpit_slide_open');
      const block = fence(tokens, i, ...rest);
      if (tokens[i].info !== 'bash' || !slide.attrGet('class')?.split(' ').includes('live')) return block;
      const played = cast(tokens[i].content.replace(/\\\n\s*/g, '').trim().split('\n'));
      return played && block.replace('<pre', () => `<pre data-cast="${utils.escapeHtml(played)}"`) || block;
    };
    renderer.rules.image = (tokens, i) => {
      const token = tokens[i];
      const file = decodeURI(token.attrGet('src'));
      const alt = utils.escapeHtml(token.content);
      const style = token.attrGet('style') ?? '';
      if (file.endsWith('.svg')) return inline(file, alt, style);
      return `<img alt="${alt}" style="${style}" src="data:image/${file.split('.').pop()};base64,${read(file)}">`;
    };
  });
};
