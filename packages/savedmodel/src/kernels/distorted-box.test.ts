import { describe, expect, test } from 'vitest';
import { distortedBox, pixelBoxes, type CropLimits } from './distorted-box.js';
import { Philox } from './philox.js';

const limits: CropLimits = {
  height: 200,
  width: 300,
  aspects: [0.75, 1.5],
  areas: [0.2, 0.6],
  covered: 0.5,
  boxes: [{ left: 100, top: 50, right: 160, bottom: 110 }],
  attempts: 100,
};

describe('random crops', () => {
  test('stay in the image and within their limits, and show enough of a box', () => {
    for (let i = 0n; i < 50n; i++) {
      const { left, top, right, bottom } = distortedBox(Philox.fromStatelessSeeds(i, 1n), limits);
      const [width, height] = [right - left, bottom - top];
      expect(Math.min(left, top)).toBeGreaterThanOrEqual(0);
      expect(right).toBeLessThanOrEqual(300);
      expect(bottom).toBeLessThanOrEqual(200);
      expect((width * height) / 60_000).toBeGreaterThanOrEqual(0.2);
      expect((width * height) / 60_000).toBeLessThanOrEqual(0.6);
      expect(width / height).toBeCloseTo(Math.min(Math.max(width / height, 0.74), 1.52), 5);
      const seen = (Math.min(right, 160) - Math.max(left, 100)) * (Math.min(bottom, 110) - Math.max(top, 50));
      expect(seen / 3600).toBeGreaterThanOrEqual(0.5);
    }
  });

  test('are the whole image where none satisfies the limits', () => {
    const none = { ...limits, boxes: [{ left: 0, top: 0, right: 0, bottom: 0 }] };
    const whole = { left: 0, top: 0, right: 300, bottom: 200 };
    expect(distortedBox(Philox.fromStatelessSeeds(1n, 1n), none)).toEqual(whole);
  });

  test('take boxes as parts of the image, and refuse others', () => {
    expect(pixelBoxes(Float32Array.of(0.1, 0.2, 0.5, 1), 30, 20)).toEqual([{ top: 2, left: 6, bottom: 10, right: 30 }]);
    expect(() => pixelBoxes(Float32Array.of(0, 0, 1.5, 1), 30, 20)).toThrowError(/must be in \[0.0, 1.0\]: 1.5/);
    expect(() => pixelBoxes(Float32Array.of(NaN, 0, 1, 1), 30, 20)).toThrowError(/must be in/);
  });
});
