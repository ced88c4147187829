import { expect, test } from 'vitest';
import { ManualClock } from '../../servable/testing/manual-clock.js';
import { AdmissionController, type AdmissionOptions, type AdmissionTicket } from './admission-controller.js';

function controller(options: AdmissionOptions) {
  const clock = new ManualClock();
  return { clock, admission: new AdmissionController({ clock, ...options }) };
}

/** The ticket of a request that is expected to run at once. */
function admitted(ticket: AdmissionTicket | Promise<AdmissionTicket>): AdmissionTicket {
  expect(ticket).not.toBeInstanceOf(Promise);
  return ticket as AdmissionTicket;
}

/** Lets the controller measure one request that took so long. */
function measure(admission: AdmissionController, clock: ManualClock, serviceMs: number): void {
  const ticket = admitted(admission.admit());
  clock.advance(serviceMs);
  ticket.release();
}

const refusal = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
};

test('without limits everybody runs', () => {
  const { admission } = controller({});
  for (let request = 0; request < 5000; request++) admitted(admission.admit({ caller: 'a', timeoutMs: 1 }));
  expect([admission.running, admission.queued, admission.expectedWaitMs]).toEqual([5000, 0, 0]);
});

test('requests over the limit wait and run in the order in which they came', async () => {
  const { admission } = controller({ maxConcurrent: 2 });
  const running = [admitted(admission.admit()), admitted(admission.admit())];
  const order: number[] = [];
  const waiting = [1, 2, 3].map((request) =>
    Promise.resolve(admission.admit()).then((ticket) => {
      order.push(request);
      return ticket;
    }),
  );
  expect([admission.running, admission.queued]).toEqual([2, 3]);
  running[1]!.release();
  running[1]!.release();
  (await waiting[0]!).release();
  (await waiting[1]!).release();
  (await waiting[2]!).release();
  expect(order).toEqual([1, 2, 3]);
  expect([admission.running, admission.queued]).toEqual([1, 0]);
});

test('a full queue refuses with a hint made of what was measured', () => {
  const { admission, clock } = controller({ maxConcurrent: 1, maxQueued: 2 });
  measure(admission, clock, 40);
  admitted(admission.admit());
  void admission.admit();
  void admission.admit();
  expect(refusal(() => admission.admit())).toMatchObject({
    code: 'UNAVAILABLE',
    reason: 'QUEUE_FULL',
    message:
      'The batch scheduling queue to which this task was submitted is full; currently 2 requests wait and 1 run, ' +
      'expected wait 120 ms',
    retryAfterMs: 120,
  });
  expect(admission.queued).toBe(2);
});

test('a queue may be bounded by the time that it takes', () => {
  const { admission, clock } = controller({ maxConcurrent: 2, maxWaitMs: 25 });
  measure(admission, clock, 20);
  admitted(admission.admit());
  admitted(admission.admit());
  void admission.admit();
  void admission.admit();
  expect(admission.expectedWaitMs).toBe(30);
  expect(refusal(() => admission.admit())).toMatchObject({ code: 'UNAVAILABLE', retryAfterMs: 30 });
});

test('a caller with too many requests is refused, others are not', async () => {
  const { admission } = controller({ maxConcurrent: 1, maxPerCaller: 2 });
  const first = admitted(admission.admit({ caller: 'a' }));
  const second = admission.admit({ caller: 'a' });
  expect(refusal(() => admission.admit({ caller: 'a' }))).toMatchObject({
    code: 'RESOURCE_EXHAUSTED',
    reason: 'CALLER_LIMIT',
    retryAfterMs: 1,
  });
  const other = admission.admit({ caller: 'b' });
  first.release();
  (await second).release();
  (await other).release();
  admitted(admission.admit({ caller: 'a' })).release();
});

test('a deadline that the expected wait is over is refused at once', () => {
  const { admission, clock } = controller({ maxConcurrent: 1 });
  measure(admission, clock, 100);
  admitted(admission.admit({ timeoutMs: 10 }));
  expect(refusal(() => admission.admit({ timeoutMs: 100 }))).toMatchObject({
    code: 'DEADLINE_EXCEEDED',
    reason: 'DEADLINE_UNREACHABLE',
    message: 'The deadline cannot be met: 100 ms are left and the expected wait is 100 ms (0 requests waiting)',
  });
  void admission.admit({ timeoutMs: 101 });
  expect(admission.queued).toBe(1);
});

test('queues behind the controller count in the expected wait', () => {
  const { admission } = controller({});
  const remove = admission.addQueue(() => ({ depth: 7, waitMs: 50 }));
  expect(refusal(() => admission.admit({ timeoutMs: 50 }))).toMatchObject({ reason: 'DEADLINE_UNREACHABLE' });
  admitted(admission.admit({ timeoutMs: 51 }));
  remove();
  admitted(admission.admit({ timeoutMs: 50 }));
});

test('time that runs out in the queue drops the request from it', async () => {
  const { admission, clock } = controller({ maxConcurrent: 1, maxPerCaller: 2 });
  const running = admitted(admission.admit({ caller: 'a' }));
  const waiting = Promise.resolve(admission.admit({ caller: 'a', timeoutMs: 30 }));
  clock.advance(30);
  await expect(waiting).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', reason: 'DEADLINE_IN_QUEUE' });
  expect(admission.queued).toBe(0);
  running.release();
  expect(admission.running).toBe(0);
  admitted(admission.admit({ caller: 'a' }));
  void admission.admit({ caller: 'a' });
});

test('a caller that goes away leaves the queue', async () => {
  const { admission } = controller({ maxConcurrent: 1 });
  const running = admitted(admission.admit());
  const gone = new AbortController();
  const waiting = Promise.resolve(admission.admit({ signal: gone.signal }));
  const reason = new Error('gone');
  gone.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(refusal(() => admission.admit({ signal: gone.signal }))).toBe(reason);
  running.release();
  expect([admission.running, admission.queued]).toEqual([0, 0]);
});

test.each([{ maxConcurrent: 0 }, { maxQueued: -1 }, { maxWaitMs: 0.5 }, { maxPerCaller: NaN }])(
  'cannot be made with %j',
  (options) => {
    expect(() => new AdmissionController(options)).toThrow(/^Bad option max/);
  },
);

test('a check refuses what would be refused, and keeps no place', () => {
  const { admission } = controller({ maxConcurrent: 1, maxQueued: 0, maxPerCaller: 1 });
  admission.check({ caller: 'a' });
  expect([admission.running, admission.queued]).toEqual([0, 0]);
  const ticket = admitted(admission.admit({ caller: 'a' }));
  expect(() => admission.check({ caller: 'a' })).toThrow(/Too many requests at once from a/);
  expect(() => admission.check({ caller: 'b' })).toThrow(/queue .* is full/);
  ticket.release();
  admission.check({ caller: 'a' });
});
