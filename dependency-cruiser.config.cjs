/** Cycles (type imports included) and the rules between the folders inside a package. */
const within = (pkg, from, to, why) => ({
  name: `${pkg}-${from.replace(/\W+/g, '-')}`,
  comment: why,
  severity: 'error',
  from: { path: `^packages/${pkg}/src/${from}`, pathNot: '\\.test\\.ts$' },
  to: { path: `^packages/${pkg}/src/(${to})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nothing-imports-private-projects',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(examples|bench|conformance)/' },
    },
    within('core', 'servable/', 'lifecycle|request|observability', 'contracts stand below everything that uses them'),
    within('core', 'lifecycle/', 'request|observability', 'the life of a model knows nothing of requests'),
    within('core', 'request/', 'lifecycle|observability', 'the life of a request knows nothing of loading'),
    within('core', 'observability/', 'lifecycle|request', 'observers are handed to both flows'),
    within('savedmodel', 'reader/', 'graph|passes|ops|onnx', 'reading a file knows nothing of compiling it'),
    within('client', 'transport/', 'client|call|channel', 'a transport carries bytes and knows nothing of calls'),
    within('client', 'channel/', 'client|call', 'a channel knows nothing of the calls on it'),
    within('client', 'call/', 'client', 'a call knows nothing of the client that makes it'),
    within('runtime', 'native/', 'session|plan|model', 'the C ABI is the lowest layer'),
    within('runtime', 'session/', 'plan|model', 'a session runs one native island'),
    within('runtime', 'plan/', 'model', 'a plan knows nothing of directories'),
  ],
  options: {
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '/dist/|/src/gen/|/[.]cache/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
