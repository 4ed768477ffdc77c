// node player.mjs FILE.html: adds asciinema's player to the page, for the casts that engine.mjs put there.
// A click on the commands of a live slide plays their recording over the slide; Escape ends it.
import { readFileSync, writeFileSync } from 'node:fs';

function offer() {
  for (const block of document.querySelectorAll('pre[data-cast]')) {
    block.addEventListener('click', () => {
      const dialog = document.body.appendChild(document.createElement('dialog'));
      const data = block.dataset.cast;
      dialog.append(JSON.parse(data.split('\n')[0]).title, document.createElement('div'));
      dialog.addEventListener('keydown', (event) => event.stopPropagation()); // it would turn the page
      dialog.addEventListener('close', () => dialog.remove());
      dialog.showModal();
      const options = { autoPlay: true, fit: 'both', terminalFontFamily: "'DejaVu Sans Mono'" };
      AsciinemaPlayer.create({ data }, dialog.lastChild, options);
    });
  }
}

const style = `
pre[data-cast] { position: relative; cursor: pointer; }
pre[data-cast]::after { content: '▶'; position: absolute; top: 2px; right: 14px; color: #9aa3ad; font-size: 20px; }
dialog { width: 94vw; height: 94vh; max-width: none; max-height: none; padding: 1vh 1vw; border: 0;
  background: #121314; color: #ffffff; font: 2.4vh Arimo; box-sizing: border-box; }
dialog div { height: 87vh; margin-top: 0.5vh; text-align: center; }`;

const page = process.argv[2];
const player = (file) => readFileSync(`node_modules/asciinema-player/dist/bundle/asciinema-player.${file}`, 'utf8');
const added = `<style>${player('css')}${style}</style><script>${player('min.js')};(${offer})()</script></body>`;
const html = readFileSync(page, 'utf8');
if (html.includes('data-cast=')) writeFileSync(page, html.replace('</body>', () => added));
