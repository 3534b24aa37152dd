import { build } from 'esbuild';

await build({
  entryPoints: ['src/codemirror.js'],
  outfile: '../wwwroot/lib/codemirror.js',
  bundle: true,
  format: 'esm',
  minify: true,
  target: 'es2022',
  legalComments: 'none',
});
