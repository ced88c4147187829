import { test } from 'vitest';
import { readdirSync, existsSync, writeFileSync } from 'node:fs';
import { compileSignature, readSavedModel, type Plan } from '@servable/savedmodel';
import type { Tensor } from '@servable/tensor';
import { NativeSession } from '../packages/runtime/src/session/native-session.js';
import { difference, fromGoldenMap, readGolden } from './golden.js';

async function runPlan(plan: Plan, sessions: Map<number, NativeSession>, feeds: Map<string, Tensor>) {
  const values = new Map(plan.constants);
  for (const input of plan.inputs) { const t = feeds.get(input.alias); if (t) values.set(input.value, t); }
  for (const [i, step] of plan.steps.entries()) {
    if (step.kind === 'host') {
      const out = await step.run(step.inputs.map((n) => values.get(n)!), {});
      step.outputs.forEach((n, k) => values.set(n, out[k]!));
    } else {
      let s = sessions.get(i);
      if (!s) { s = await NativeSession.create(step.model, { initializers: step.initializers }); sessions.set(i, s); }
      const out = await s.run(new Map(step.inputs.map((n) => [n, values.get(n)!])), step.outputs);
      for (const [k, v] of out) values.set(k, v);
    }
  }
  return new Map(plan.outputs.map((o) => [o.alias, values.get(o.value)]));
}
const roots = (process.env.ZOO ?? readdirSync('zoo/models').map((n) => `zoo/models/${n}`).join(',')).split(',');
test('zoo', { timeout: 600000 }, async () => {
  const lines: string[] = []; let ok = 0, bad = 0;
  for (const dir of roots) {
    if (!existsSync(`${dir}/golden.json`)) continue;
    const golden = readGolden(existsSync(`${dir}/golden.json`) ? `${dir}/golden.json` : `${dir}/../golden.json`);
    let model; try { model = await readSavedModel(existsSync(`${dir}/saved_model.pb`) ? dir : `${dir}/1`); } catch (e) { lines.push(`${dir}: READ ${(e as Error).message}`); continue; }
    const plans = new Map<string, any>();
    for (const [ci, c] of golden.cases.entries()) {
      const name = c.signature ?? golden.signature;
      if (process.env.ONLY && !name.includes(process.env.ONLY)) continue;
      try {
        if (!plans.has(name)) { try { plans.set(name, { plan: await compileSignature(model, name), sessions: new Map() }); } catch (e) { plans.set(name, { error: e }); } }
        const p = plans.get(name); if (p.error) throw p.error;
        const out = await runPlan(p.plan, p.sessions, fromGoldenMap(c.inputs));
        for (const [alias, expected] of fromGoldenMap(c.outputs)) {
          const d = difference(out.get(alias) as Tensor | undefined, expected);
          if (d.mismatch || d.relative > 1e-4) { bad++; lines.push(`${dir} ${name} #${ci} ${alias}: ${d.mismatch ?? `rel ${d.relative}`}`); } else ok++;
        }
      } catch (e) { bad++; lines.push(`${dir} ${name} #${ci}: ${(e as Error).message.slice(0, 400)} ${process.env.ONLY ? (e as Error).stack : ''}`); }
    }
  }
  writeFileSync(process.env.RESULT ?? '/tmp/zoo-result.txt', lines.join('\n') + `\nok ${ok} bad ${bad}\n`);
  console.log(`ok ${ok} bad ${bad}`);
});
