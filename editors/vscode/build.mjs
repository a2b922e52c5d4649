// Bundles the extension into dist/extension.js, with the licences of what is in it beside it.
//   node build.mjs
//   node build.mjs TEST...     bundles test files into dist/test instead
import { build } from 'esbuild';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const common = { bundle: true, platform: 'node', format: 'cjs', target: 'node20', logLevel: 'warning' };

// The folders in node_modules whose files esbuild took.
function packages(metafile) {
  const folders = Object.keys(metafile.inputs).map((path) => path.match(/^node_modules\/((@[^/]+\/)?[^/]+)/)?.[0]);
  return [...new Set(folders.filter(Boolean))].sort();
}

function license(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (!file) throw new Error(`${folder} has no licence file`);
  return `---- ${folder.slice('node_modules/'.length)}\n\n${readFileSync(`${folder}/${file}`, 'utf8')}\n`;
}

const tests = process.argv.slice(2);
if (tests.length > 0) {
  await build({ ...common, entryPoints: tests, outdir: 'dist/test' });
} else {
  const { metafile } = await build({
    ...common,
    entryPoints: ['src/extension.ts'],
    outfile: 'dist/extension.js',
    external: ['vscode'],
    minify: true,
    metafile: true,
  });
  const text = packages(metafile).map(license).join('\n');
  writeFileSync('dist/THIRD-PARTY-LICENSES', `Bundled into dist/extension.js:\n\n${text}`);
}
