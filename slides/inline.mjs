// node inline.mjs FILE.html: puts every picture of the page into the page itself, so that the one
// file can be mailed or copied to a memory stick.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const page = process.argv[2];
const types = { svg: 'image/svg+xml', png: 'image/png', jpg: 'image/jpeg' };
const html = readFileSync(page, 'utf8').replace(
  /src="([^":]+\.(svg|png|jpg))"/g,
  (_, file, ending) => {
    const data = readFileSync(join(dirname(page), file)).toString('base64');
    return `src="data:${types[ending]};base64,${data}"`;
  },
);
writeFileSync(page, html);
