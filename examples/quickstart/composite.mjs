// Two SavedModels as one version: they are loaded, swapped and unloaded together, and a request runs through both.
import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { savedModelPlatform } from '@servable/server';

/** A platform for directories with a `composite.json`: `{ "models": ["first", "second"] }`, each fed with the last's y. */
export function compositePlatform(models = savedModelPlatform()) {
  const file = (directory) => join(directory, 'composite.json');
  return {
    name: 'composite',
    accepts: (directory) =>
      access(file(directory)).then(
        () => true,
        () => false,
      ),
    createLoader(directory) {
      let loaders = [];
      const unload = () => Promise.all(loaders.splice(0).map((loader) => loader.unload()));
      return {
        async load(options) {
          const parts = [];
          try {
            for (const path of JSON.parse(await readFile(file(directory), 'utf8')).models) {
              const loader = models.createLoader(resolve(directory, path));
              parts.push(await loader.load(options));
              loaders.push(loader);
            }
          } catch (error) {
            // One that cannot be loaded takes the others along: there is no half of a version.
            await unload();
            throw error;
          }
          return {
            platform: 'composite',
            signatureDefs: parts[0].signatureDefs,
            async run(call) {
              let outputs;
              for (const part of parts) {
                const inputs = outputs === undefined ? call.inputs : new Map([['x', outputs.get('y')]]);
                outputs = await part.run({ ...call, inputs });
              }
              return outputs;
            },
          };
        },
        unload: async () => void (await unload()),
      };
    },
  };
}
