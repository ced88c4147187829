/** Dimensions of which the direction numbers are known: all whose polynomial is of degree 13 or less. */
export const SOBOL_DIMENSIONS = 1111;

/** Bits of a direction number that are used. */
const DIGITS = 31;
const HIGHEST_DEGREE = 13;

/**
 * The direction numbers of one dimension of Sobol's sequence: `m_1`, `m_2` ... with `m_k` odd and below 2^k. They follow
 * from the first ones of each dimension, which Joe and Kuo have chosen (new-joe-kuo-6.21201, 2008), by a recurrence whose
 * coefficients are those of the dimension's primitive polynomial.
 */
export function sobolDirections(dimension: number): readonly number[] {
  if (dimension === 0) return new Array<number>(DIGITS).fill(1);
  const { polynomials, first } = (tables ??= readTables());
  const { degree, inner } = polynomials[dimension - 1]!;
  const numbers = [...first[dimension - 1]!];
  for (let k = degree; k < DIGITS; k++) {
    let next = numbers[k - degree]! ^ (numbers[k - degree]! << degree);
    for (let i = 1; i < degree; i++) if ((inner >>> (degree - 1 - i)) & 1) next ^= numbers[k - i]! << i;
    numbers.push(next >>> 0);
  }
  return numbers;
}

interface Polynomial {
  readonly degree: number;
  /** The coefficients but for the first and the last one, which are 1. */
  readonly inner: number;
}

let tables: { polynomials: readonly Polynomial[]; first: readonly (readonly number[])[] } | undefined;

function readTables() {
  const polynomials = primitivePolynomials();
  const bytes = Buffer.from(FIRST_NUMBERS, 'base64');
  let at = 0;
  const bit = () => (bytes[at >>> 3]! >>> (at & 7)) & 1;
  const first = polynomials.map(({ degree }) =>
    Array.from({ length: degree }, (_, i) => {
      let half = 0;
      for (let b = 0; b < i; b++, at++) half |= bit() << b;
      return 2 * half + 1;
    }),
  );
  return { polynomials, first };
}

/** All primitive polynomials over two elements, by degree and then by coefficients. */
function primitivePolynomials(): Polynomial[] {
  const found: Polynomial[] = [];
  for (let degree = 1; degree <= HIGHEST_DEGREE; degree++) {
    for (let inner = 0; inner < 2 ** (degree - 1); inner++) {
      if (isPrimitive(degree, (1 << degree) | (inner << 1) | 1)) found.push({ degree, inner });
    }
  }
  return found;
}

/** Whether the powers of x run through all elements but zero before they come back to 1. */
function isPrimitive(degree: number, polynomial: number): boolean {
  const period = 2 ** degree - 1;
  let power = 1;
  for (let i = 1; i <= period; i++) {
    power <<= 1;
    if ((power >>> degree) & 1) power ^= polynomial;
    if (power === 1) return i === period;
  }
  return false;
}

/** Of `m_2`, `m_3` ... of every dimension, as many as its degree, the bits above the lowest one; low bits first. */
const FIRST_NUMBERS =
  'A6WmkBI3CUCq+nEwripujI/IjVHp3z3zbUeUJ34lMC2mWEftHzap14QRbUjAZakT2VH1gu2xjiSiRWqh4YHvTfPYFBvK32D6/vsHS6uY/LTrSPC1' +
  'oJaHH3gKsgRmMpXjfAGy3OXIOXpv7g2hHgxHtnLYD5E0ivr3aqmqJqwcXdb3NYBNEIFwLoLViM8zy0cLfbQtlhw8r+XTUoPf71NKdEP23O8U+s/G' +
  'gJL5TitAVLXPl3RrcKdQCg0aCLJ3gP32gmqgLJDfGP/5QT7b+lEg9T87bp+Uh2RR69t6CIyBZtWB5wOIdCp6vgqufX+Mpj1dxWQgcHwlSfhheEKn' +
  '0Ea4qTsvOywLZ50cY60/ipZW0LYSf0rIE3/IPA3wPOfEOgAAksje/KpjiHeyqcHrReISdt2oTR1KsZCBd/qZQ141gzaZYpuzLTi+Zmvgf6dKWDq2' +
  'zSXUS8pFSPG3cpbM7z80L6Ox8tlWynQHeO2eOw0RIoBbZR8on1KZ/0flTLFpM7jgU8kUwYln4ke88Sb1gwWf7spOz+QT2EUE79z3glYXMhk5asDq' +
  'vzJnQpXy3LfaTjyMh87wsJgammUtnsRs7ZyMfGZbApDcY3loXOqo4nVru06mUlWGKjlzWw6N4yxhORfWlJ9gpxlqchP6ewTNfrj0EBB+uaZy7sEk' +
  'engvcyRCcLqCO1Cs009vp3Xw5ywMwXdBufZBgjL+DbWxaP3dC3Q8YR3wxVig8yZkbS+zSVmfONPCGymhBoAZgZZ3Z17jGKq2tlhRUfpYb+Wn1W9o' +
  '3YYz4G9+yLuc3vo0qEQyx+UsYE+P05csBfmS0h+kli9rEgRmixeb5cu74VcJ3tXk/3U1pfWWY+pr8rXRCEDaTKVppl9z5G/XCqbOXpH43D565S+1' +
  'YROOGPPZvTHewwmhzhtrpe7EG4MfZMuz1MhFF2KGyRaZDcCHay/sbdoICbc1m6PVDofLBTaDH1M+otur4LGiZcYj0EEWecBqnGdBaoDPK/e6trMT' +
  '/kW97w+M2ODoFwiYMRzK0OjYTMY9G8f4Gs6eSsg2SjjF9NdzH1urPq7caXnfA21mLwtjaPuL0JAFat09qI5yp5eVzwyExrqrH4CVhNsQuNLKuyyx' +
  'SRH7SzYyaX/KrwHxamgXi9mxVQ1HiwjzEGsZ1m0AksztZEUn/TfODcRU3AEnV2/jb2q/Pwll5AEey/o45CqP/QaO9f+GYMEQ36GMSySVfN9UlCBy' +
  'P3nXyCzFgWP92dQyN4zZE2dKs+CLGFYXVEYedemIBQim2GhYVAc3NW9dUSy9Vzco+QPUxItSrVJ6CckGFFFiB1pzAk5xoRxiuvhpXTthKe4sL9Nn' +
  'rzf2ZlGRL5PUynxXKjUGqB85u2DoSQFhvLzcDTS+oJgFa5Ih32kOtdhmkI0XZapgKviYbk0eA4x/LNVjvCNbdQONNEKEoiD3Y3uVjOtXYxh2N6Wb' +
  '8JW/spBEnZC3ScdhGet+P2wi2bs1jCZcPq9+a1T77utHqwGZ4C+Lyb6HIxb6le/HeZjTJ/Yxky1V/ubik9r4t9AKrihKdezTr7ZKskBWxbYLwZbq' +
  'ikQjAc7M9Jtmx1BEt13+MOk/+idm9NXz/eexV9xUKd0sxnPfLaYWZWXkAVTIYAFQUEBqISYNUumV90ttRE3SJ7YxkCwBwyjtrSfvtONc8T+agEhR' +
  'L2TkvxKBvMiG7Dpgiuv0Z91s8nD5D/dylHUwBqbSs4Z0/+fGU4VMciHOQztmVyapEo4wHiZTnZ4/IWK6VKyr66EMmhDm9Xox0ZZmBQMnZnAuHJkz' +
  'oYX1suBH1KtX33/5Hux04ii4P1Sep6sQGAcfi+FPjSmiNQ6aHhEahBCu8SftOETAP/tFzjzyfhPLyXlQXu9m0vKj3hl0pfKDE2GGwaK+lGcx3fqj' +
  'tJx5JgJ22ao3PbNgnRaoWr4qnQ00lB9UXultRRNCCS+pzBvQvQkRyp/QUrUXhDBocxEDp0rfRycUmkMqBAGBoOoG7DsYRXO1BEoGDkEmvqps5r5S' +
  '5d49bCubfdsgt+Xhoo7YgaqDDuGvCBKNISpFAc7kIAGJtja0WVquLcfrmwrta16B239lM/cao2xypqlnKiJDxZFXKJz9jVFrPd4AfiQSVU3XN7W6' +
  'SQzt6EewYc3S8AbI1sXdp8aTBS1CuZ7t+9VAN/DXxwf40KH6BTOJhrD7OYd3x+8Pcjmp8yk0spNuCE+IGY6PGn6daqm5w2qn7p4t2k+5+sARDCaD' +
  '3edLWDAteOYzVXBc8xC+0lXX2eDnbmtqs+SVJ1qwMUfesLH1UkIu180wpzEm4+Eyy+AzsmYOGLLYGdpSkOi5Sc6gUcnLGjF7Oyaw8NoxnOtPsvLL' +
  'nPFJhnzlQsdmmnm3ZnOp14m5t3A8WncT3s/XVu/sImL7Fp1AOHf5COIDrlqIKfOPIY1ZRzzy+RUp5YAidUzJ8KkH2KiftRcu76okhExfNoVTQeWJ' +
  'boXlnjHTVBpdFaxxORPmCbyve7QSlea5fQwfPnbKRYSUnShXODRlOC86D3W8TDfPg7hz1RcmF7rYF9ZBbm9YFXAdLU+zI88pdvY6lRgKfSc/XMVL' +
  '+wc8hcDo5+psi7Yzu8Vt3q5QIuh5H/Wk1gajXrvSGytNYoyYeElMBEhW5/8UMSM717/+dA0O+Fp5hvgPI+TkcE8DaXJgSeGmLebfnoVm+WxadfV7' +
  'mb9IidE1Tx4CU9BvMbc+ISY2NSwJ7YRaG0mMDniUeKAxV/xV17U53ssKqkRB9ELh+wPpKXYG2dnPCYAdwU2QXybGWfaQFUSFReUF+LxA1YC7yK+4' +
  'ZNSi/yCDfA9Xle5FSJoq8wBFSZfiU58d2guR9mdCCMKCNvFXB0krUz/20tafU3uZAOMb61o8LpEkhkMFcK/1YyqJJf6BA0SuMC31p2sxaI6Z3ES9' +
  '8npw37ynmhll+va6d2s3TerHvvt1YVzfHKiQmbP4eF0TdWhu5zTx1tWtpVJJqWDlxG9p0lCisSNwH7nLylAoCtz81jDtDVM+Rk6ShT0gr4O9Z2nU' +
  '0NTykomJdpJSvoz9i6wf+TT1IV+Tu9VmDg9IFPqiRJ+IkVxC2wHIX6hLuUUt+WC1yLqWZwbkNRO2ipVGqfReSJMGYWHA9oe5xTPankVWt7aBi6HR' +
  'BxvpR7xMCH2FbY8Z4z7UlwxoywVJNM2SJMn5FLUoSEi+wHe8tko00bFRiZ+hA7Ptax6fQQJjeGPpr1XjPjDYGXlKvs2izrcvUjs1SmMS31afS9j5' +
  'AH6huGrVjGB9qd+J+bKZCj7yKGV2WyOo4ol7C2tT2hf+YVMo9mQn/qKi3/ahI/JnZ/iczCYwpza1cZp6/VAeifmL7tBunsZHlNaaHZ0WMdm9hHJd' +
  'a6303jedCfEknv7yDDGMLlKtgOuTLMXcmOyz0DhbIdJ696ST51VzMtR4dp1IFjwdF4AWvLGYanfmKNSLyug59m7UX4BXiNTb46HSPVoZBZr+6sVt' +
  '9ecFspc1bFddbc3m9pzGofOvJb1ZZ6NZdH14nqE55TtyjYP4IKfe6+WNxYVkDS3b91etT2jejm7Cq/wn4VkZ3JK/+PX6ge3mT7asAYMu8MYdG7Lv' +
  'GpU3Ij4ulWvdsGS68S/q2p3cGWtX5cVQvMzxM6I/GLdrWRGkF5TDlDLnzfrn3GedrGfiDj3uloeu1Lr9kvNw1ue8f+ky6mI8ZTpm/0wMK36U6ZRM' +
  '87L+f+S6W+otwWm5dOiRlzx4l42eoIUTzHHFPzEMDTGvof3TCej14l0N4Z0NhYEp3pHKDtlJzxbiEOZypSX1L4IXbDZ/gYGPnWe2SpE9mHXKBLW5' +
  'Ymy8xW/XdOpfKhLOsBqGx4XnQN0SoKfcBR2JxrU2nCIVyAlA55uB9DwyyUo/UMpoUMjxwFYQrkMOuQXbACoGlgybgmpp0USAR4khXfF8ztHThVRU' +
  'TaPT6IoFKqMrMgsB1ZtbYN3vjrL3iaOnNWymHJ5Kmz7Qanm1qAvMFs2e/Mj9tgiIeIIKPXSTvK5QyFRoYnJUYgLEp9ScReNGCAHDM2AkU/gWiFAp' +
  'at2LEweFJzVJLbYl18T9wPUaa2GCeVQs3G47oFprkBg1GDpuI7AE8Dzuli10hx9AYg4xc1DTtCzW1+l3pOqYaEF24Lz8tGxBeEunqeIZHqL9ajGa' +
  'VDsE1TR+/rn5u+nWw7zXiCcUaEdiOqsCy1oiB1aTlcc9MXu/gz9WAxVHewiEJ1IO3XuHRDIQFbL9C6+AwyBYlDHTMMibFZ1L14qrqlGEnVNiijqY' +
  'YJHERp5PfSJ214/81A1qfR1JwJTd9yfx4M7zMOjSo2WevvZ1eP8uZUIaqkrEUEebq4Rbrdb+C+MpoqwfSJXtDnllC15FCqPJUXLY/H+7xF+NEl5z' +
  'VlAGJQnxfHGGPl5HNIcoyODX7xxI2V91UaTSizLkcU9MpWbLMndpOlbDGN/BbmiN3jNOjquZvqNmPYYMymdxLjTECYGLAFHc4Xu0hzRwlGV2dMv5' +
  'JLIvuMkOlVgEmCxwYJ0tRR0JQ5GP/foEvuVop4cqnRWA8xjeHFNw6zwL94xzGtHTWPGc9ERn4WvJk4p7DyV9lBMXQ+wYX2eYR1vfuAeNgQxZYf1S' +
  'fYP628A9kKjbCeqZnwFjQtQvKlYiquJlMaJqlALbq1tHl4ISp6o9fZEXtFAvO1qNv/WUXud3Fx2JS+GzfiXPlpKlH5S9gDnySC5MaubrNfSncg1i' +
  'cFRm0bYTyvk6DMay8ICtGPQHU58Tcl+rEMbKcVUL82S6EeQlBm8sm7fX8viFMfDELAA6ubc1LhpVifnrT6QKmSSxQ+3TmBVZkJL6tLfK92FUDZKG' +
  '2dZKWuzyWSL7A4VgFwgFIMONqH9wgRgz3pM2isSLKi2sKytSgJZ1cMvr5D6mp/3SbdV2yeXw4HsATZcaXbDVpDO38A2dUM99XMOTCn0Va5hMHVRw' +
  'HxP2Y+cF4xAFBukPYJK/dqju8sCMbI9aKOEGIikMGNfXk1IBDHqLls7aAweVvwkJBkwid6PyMr/pgArxDERZgQjeuvupIp83zk3J1jBZzfMW0cct' +
  'ImpXUihQyf1pSZH86F+zorO3YqxHyHs7hXeAYbHIdOE8ZNvD6nTUtFCzpmgBxWAPzgsdxlIPTi+QaudEOqjsQXZxfbcAnjSUc4INNM4eShtDEoaq' +
  '/vONXTx0VuFpuWTSnHtZ65NYMO+G2sUyMTVUgWrj+Fjjdkow9GBLq3sl8k61aUGZ/5bA3psgeqRZ7TIDO5Xrd1Oc+57pKBJvJBOwLOSfxJypiI9x' +
  '0Qr3LZ6PyKfO4bjSl1AP20w3/LeNfGZB9dR+9EP7rA95s+30UURRMkp7ZDp+OUzhegujaT8yfxPhUYcfoC//2JOS4k7qW1UUTULSq9kqJwPJJcZ/' +
  '6VkV/qEz8lQz+acf7ngtVA0tUhh1FOPIM+3vDuvdbBAwwMkH4E3sFrKUZw1csQhdNDCO4c+uCcOGm82O+9WUHReC7KuWZKdbR/sW3I2PO+xO+RhT' +
  'b94jXlg97WFWIneTuamLH3Ae0/9pgWs5zD/pHoIxfVCQ6K6AjPwdfzGUT4ArUd2usJKB6jjtG3eQ2meoY9GaD426MT7q38eGSS4ig2fjWsk15lYG' +
  'nYYwK8VEEXeNknSTSAJVh9jjdljiJpQwpXrjDMfTOAOwLKj45SfNwBzuwlXWgEApLK3SXBIL9ShF6nRXVnabq8oFCbNmZnEeBI9OHqrs8TpFm4E7' +
  'uDpY165441hLf5efDZ7VNg2qp1B+lT/bV9bHJS2/2wbKJfgXxzlwu8DWatWqqXPrudfCKnkybfK9gRz42fcHu6fgpiN3LOelXaXrE/yOSpRTBkh6' +
  '8BtHceLyk1+Lh+kYOSfpcBRgljwYlX0c0+GDLzm7ncxIflp/Tp9jnnbG14mNdrT4T1ZLee1SldhMT4Uo/d6uZuK8vi32eIvZbtBVHNn9Tsr+Axws' +
  'hMBYhuwEdy3DNbf8csh6YRJ/ynWm5vgv4z10GclFxUNoPS7Z8Vkbb9lyQbfABHJUZ6M94SLG98ZvfkaudN8swuFqGdi+AZftCAH9006FVyOXwetT' +
  '3Rkw9mNgK0YMQHNyDQCqCVGrK2taRnY8wWOQFa0ykt4uXZyR0kzNIRFSeyUEykXkwjGPp7MBBXPF4sKW05nk6QvE+GH/GaP7PSBboZv0VsT1gwFa' +
  'gzxGdVHRK9TgAGJkqpA6pK0vTO4C9UG97F5aEkg9Evg9dveKr/rfEEQHZ1FIYdY1pJJPuFwsjmKlijgLypRuT9Rj3lEO7t6lNuMejP0uRpm1XZGM' +
  'Gd8nv8KTQvEZnx3x+QCj4+xGM4Pn0CN5CYwzJdxrLlFzFGIBJICWhK54dkB1dlWlBNSn9u3GihCgB/0Kl4S4cWiHVhJsa6vUtcuRUfL3TLG3IHrX' +
  'JV4jxt7rmViA5otDOlOPp090MJU5piMg5a53LVgM4xl4hjiam7u9+fDsfff4XSTKzfpgHbbSIhgazJeUKVdxPbsONjcbWLN75ihYqTcXtIxBdzgt' +
  'y28h+nRy8jUbB5g4fw8UmEnIJQCcUhvySPaqcQxRTK/8aObMq4Uk1xf1hBCk6hjnDuxeDjQ2yk+OAOuKiyyvqUBoHpKJe9x8R8nCDBxJqP7ZnShs' +
  'Gz3uRlWqbmY1DMWMEfX3ozg/DuSYr/nwRKYihL5I+yKaCoSqzby6t2LSzmwjGLSXLS2o4fx2V1TpnjLoqxd2htltrkOGXs4izhgUVgk79+a9C5M2' +
  'SuAw1P8IwohpyHibJkYqFBySiZ8Ii6x4LjjKOxa38Y7R78BPHSBnX7fC9/jy+f9AnzBNRJH9bcJ8jmRH52u5gNnKOLA4KcQsuxVet7L0R7z9oqvw' +
  'bBhbje2qLz+n3wHNxUPBcuAJkQoaIPhwgiiDBPdMiAipHXPNhB3YTAJr//oeYHLVDU/PaawilyEj30De/TO1NrrqI9US0X8v4BuS/g/igayCi3Ow' +
  'Kc7Lk/196p/wB4Lixq3ZA+JGuLjsQuGqNAiMK+cVWh6MSRmDw4Z0V9lMjTdXUIvcwjP15803U45uoc2QOlb2NLJRSelTHScSoCFkGEd6lv+JgKDG' +
  '2AhIvRxG3THQTjmUbptXlAi7G4RzNKtVmu3tEaogyo4xbvVl2T5S/VnSs1ktwQ/2GMksgAzrpCNVGWB3Ul20fFsbEcE7SypOhFmNRg+3LFb2LhhF' +
  '83JUH1vVOrzIOlOyFyNKgAWMMOmePtaF5f6SEjzCZ4SxHtm7E86LmLRPYbPOtLtRXYO2uP03vReO0xJFM7CStMOl3vu9KcUnwr/UFntfjcuTaqMp' +
  'aBqnNR1j5Ac19Pph3d4ac9GTV6lpIGP6CylIQFkdxJj1MPmEni1C4g6O6MkURbjSwm956MsErSIaFMYRtzPmZlZCh7698lXg3Q0mW01ON/er50pM' +
  '3Pqi9LMAWaAmqRz4CkpbC8xxfl/z/QtCgiDP5lFzv3kTuq32A5cL2tSHL8mf420HBWMO3j6v80dRFKPN5W2BQE0uaePZRfi/+f+d5kW/pQEEU6qA' +
  'h+FeUaAkJcP5t3gJP+/YyVg4ikcU4tUaY60hgSdJgtT3RcrrdntL/4cS8aTWs9tSy6sAJJEgdEIakOurU3elUCDIh4ATcvZmgg0msIv6Nmhh9OAo' +
  'QtGmUFx/U2ukjXJUJVq2bDlnTwIRIGERv1Oop+TEWY91D4n4zp2zC7JjYxiLKScwZB0sKe4SlUHJjR65UM8LBWepqQy9A70Ud1I1i+H9Yk+etKB7' +
  'wlCzUPh6mmpbbg2KcMB3986AOVu5SQfb0WkBG7kz8/fBZ4PkTPPDfo69RVWyPOhnbsjJFc+IjTrH3sh/Muocx4rWrCAOJJ0My2enCyXLEswx97tC' +
  'QW2whthN5hqIrxd50VofViKa1J9ppvJp2o4kuL685OiyBJgiziFXg4yROnl9s828BqpYv++Srosv0dqWFpApGsZ2+bFMCRg/BSMzeWG7/VKwoFrc' +
  'pnKTGpPD1xEYT9AFMXK3/WKaAc2jNzWgpW21e9Zcl2Hrlvz3LGPeCrQfmHCQHBJXtDgS/jz3NwUTEb7AK3OPkFSRuk0fmm+kq/vDoknSiS+PdS2e' +
  'N85UCu+AAAs8bY93yUV/I+pxUwBXDsueE+u05Ol2BFwNsTFOsO6cQtxjqdk/xRiiJXPhF0X70Ml0wHwTNeoqzb7vzMOolvGg4AfCuS9dqTeYq0Dr' +
  'UhhTb9B9gzK63cKIBl37tU+ztd1L/rRNEYeH+8/EITsXB7snfh6lBNgKBq0o3LYYL3PbBKrp5fLUXHdrMclB1FdyqIl/sfweFPYSbtWJGFvoM4Vp' +
  'eM9YFNc/HmHeBaVh0O+anjaWtUCH6QZcOoJwsamJZdUq4+oXABcjQtqSvPViNs3xqB8C2Dj2urVGdAA7TBdWqd/L4gEdWmtufNALvHdf3ukB2/I5' +
  'lpBx4Q3AtP1n4oAnMEYu2Es8/MIOpj036NrTr4Fl/fArcsjzJriyHjqAyMNWFNvv/WRwqDPpw3K5SQNdOJEo+6uEt3nmDsffjQLnbJKbeA2rFsPK' +
  'Q+xxsMd172QqYRQKGaELvOO4vKh9U3elxlYrOYbGCGbH2sJm1oON1mUF3NsmlYb/TQTNDFbBZjwQHnea9baK+5trSzHJu3FicWfAd9GtWfVDWg57' +
  'b79UfPpAub7Fl3QgZV3Fs33O0svWD/K8vmsz0nkGwT+jg3XYkHxlhWPduxxdO9TKmssjd7Z+jBsaqTBlTbIkJXe6H9ogOunb/61c/XawQazLCxIN' +
  'XRzbyw5tGF8zkJfSOQmsTD4xRGaRCz5XtU21qrGgP+GQhs5Ihlqp6UFelxQnG7WRD3FHlK92ySJtKtHliky1PK0SJHLWCKn17fm1dFDSPpGuTzVK' +
  'i77Btv0/ecVw6keev4zlXPfRSMMX986Nvxn3n4fl/86QFY/f2dp8iT+CQbc5sGcNt+9uEi7rizag4IFaNoSLwIfLyPTlsjaUdYZQenDOVm9aRjy9' +
  'OBbQI0V7DIT56nmAvWV1MX6fn3kY+zlOIR4azV4ilrXh+ypwMtHH30kQM8XqWnBvRZadRMGfx4k1PngtbRCovcuvHlvLVz8waPcgA+ypVipMiafu' +
  'lwpSksO9ncJQWw6SVY8+xiRrCKYIvAwKMs8Vl10pGwIgxkn+Ferbf3qBorl1Lwp+clYiLvSVpS4FCIvnlS+2sosoReEUg4SboE8aDsmibtiYGetG' +
  'ldhvrCQM8a1/2ySXq8ab2ChJMD7do/HTB74gF2bAXVZlOtsmGI+q3p4V9O/AtqC5Bzc0GtrdfLt+iwE46dL39FFaZkjdpgi0ovVrJoTymMR1nFZG' +
  'LCxdc4upzEOThHwatVUbQBjO+8e34hpoJf4wQcWTTQaHrTJWC1qG9h7vIE0+hylzkgOutL+KejR/6Bmp88D03Inr51u52K57kYKsEhussx7jh8Jk' +
  'shMQqT/MMugWPOvXAgqxPuMJITBiv2BJt9ENeiUkWXm+NpJ3XuE3k5IudjgKdV5YxW99Wh0hczdc0CLvwsaLO6oJcOyC8KDsu0wYLaDNbsqL3/nQ' +
  'VzJ6XEkxYOKpI36w6yt+OZIDD90C321IcPK3usG6MtIHfMDx1lq5YCQ0HNdCyVD1XyjFKXnQgRUlLbGv9kuvpdKzesueBzDkkIgzYAxA6IQ/g9yG' +
  'oPNYGcJJmj+JxRla7QTVgDNhauHx2AeMtC2A96BQSH/8M5vDhp5qzDgAg8SEErfkRu1F1R09zTKkWKJN8ZQGXr9GaR7IfIxSVnlp+VIypWjo7Ixo' +
  'FHNZm5x+X8O3rEoVUWnqwHqQleqCiBp6kiqp07ggj2k+GdyMqJlovxKykeWnlPhrgxOO7R97bC4P7B1xe1tzsDoMyClOX9yiCCvEojY1ceutcUgW' +
  'IWcWM069BECRWcrVxSfXWkcjx79pDWeSunheF3fAPtfSBDRzYEB2GvVwgk6rP8jq2cdvqVdRgfoC6rh3U3y6R6k3okOPAeX1p4FvnBOpH0dUv93Z' +
  '9J4Bxrt+DK3PC0Z9dp6Bx8PP4VKwJyID4+Bz7Wgi7A4uPnqFnRU5Gc7G7ZznYRTBdKRNiuICOhNsrsYFd7Du+9X+btSITgwbE8fmMw+X3QnwaD/u' +
  'MZ3nd7hhjRu89t2ISK1jfgNYrpgs4DF7HNLGQI6zpaRYHs48HldAEOwObUwpUXS4Y9Sydo29SX8nJCjq9z0oFQiInXTnaQ1XrO562NFMewS12iYJ' +
  '0mltpoTDjw+4LNpVb9vcT1W3JqysTMPgiHOugJbsVrCnhs9ofu2k3gNjaVFlMWumKyN1DBYHwMjpX1EwTM0Uz7ep098raSjqOAyIiABiRCRwDf4o' +
  'lx1NsHVtSIIFtBohLH4u50kx1f73hc6wOEcjMtnbbrQvb86QeEJfca6jlBj+Sg+oUwATZoxiecZU5qwEFvwbCR2U2GLNZytD6Rn24ZoLol2HqQSK' +
  '9ljkvBICNBPP+Rb9e8TCMSiw0s75IbVb84TanzH6vydZvofgQQqzZzMtcq4eUqR2P6BqBGEHPujy2uqd/bmNudLmYNOA0j7erEtK6bpUY5qkEsXT' +
  'FbRwKUaHash7WqrSpfY9NN4tAgxhhTBSyRzcYaAHlnki4B2HqLOB+XD8hLPYMwVKWQaarV/VlXtesHeVV6dEsNhrWIsl2bJd0BkoOQp+IjX8dxpx' +
  '7IthavLKaIcdjTXQZtx7r8PaxYQoudLJjQanWwjT44VTbQJFqShHhPkhoiD358o7yjMhrrufEDhAj9WCMEvI3phom1QmHWeQbeWuUWqFFBCIi62m' +
  'TKY63zSUQDm4UhpvwXojvv1OHnnjRM23F7lApyFpK24Foe8xhJrUbreAGxO1WcwOhgHI7WZXbkFLzyKybBMUI9BkXdvL3Ymfc6tGjCQKLPiG10eI' +
  'iAW/YJiMlBAKC/SYh5tBQHUv865D+McyoBqM4mBHQ2u8UwhFcefFrAE4ziXOHVoQgQ0Z6/Ll3Maf0vvjyoCq4iK3M6GfvLFjEt9AilTONgj00ICy' +
  '/pUInfmbKBq69GkuhSpPGcTer93gPwovDUjNlwEKWcUN4QcHpcpnq+DVUkYqxEdFxQHnXzjEzbsXrApydQSWaINoaBz59vjHchhGojnkekUXcppo' +
  'jhk/TqtM8CaGmnZ76Rbr3Bg82ti2JKf5bdytYDs1d0R0zC8rTrLIrESGexVlC0qOwf5IWevn52fSRfDl1BWFBuC9lUu8Iz7t6LD5UFhPQ1JZxbA3' +
  '3RqhYyyGMh6L3Mp8XJ04dCUVwdPmNl1IEnIEJVJvXTSddAYCXn/M7maAwJa7IVabG7hthbajA9ayQrHytnhWdGyy90V1LJcqxUomfkl0FkiZ3sCK' +
  'Ch2hmS0+dpfpdhSrKADE+Fcol04EJ5VeZztry0s0FCYR58gBWzV0BSl9+0tX9pLgn224pblLKsV1L4jryVL9DnA1vn672xTZOKANF4LYVFZuVz/Y' +
  'tPP5Q8hOw8ShdtjK+tWjQK1eHBQAZP36jAr/gbW40FxeOMdJFuz7OOeNbUgEA0ji09FuJoEs1S4mCeA7nPA9poyoQzGvA7oqeAVPj4d3OAK5+8NN' +
  '5yJDubthth22XDPPHjTtkF7f5xYmIlk0XtxTnDEYPTMxi2wRFNnEXccQDCTide8WjM4kYQ1ztCiN7UgEMoo4zGjaMXcP6PVGUb9yCO5yZflow5Y0' +
  'gMRIT3s+OfYcMeQUKNpdiRWAMlihnu+uisHyPP8D909UegNPXvS9fpP4m0uyvayKGgv9KiiZxMJ+PFNCVaTrCwBsY9kfszDJpKOd4LyvbOiOOkNh' +
  '/N++Apg2K3biJMtNO3OfJbjwDo90yxFsEMXo3cZUanXrfHfxRloK9ubMOE4rHUY2PyBXpG+UWuiXlQVnRjoabbEnHCLmoaJyupwxyrVQv7L7aoZI' +
  'fTlAd6u82tidfMPSZk+sikgd6mYdvju/ZwqhVUDfXlKd89OyWA/9cU/DUsXQ/IGDOvcdZM9vf2Ng9KD9XHU/b7/a5FXATskSS8IEmJSlP0ZDbIRW' +
  '6tLsUpVEjQ17wcQI7m60Qh/W2d9uqQwy7/j1dv0vlF5/H5q7ckY5aF2RkKIlwoIN+Gzao6wqcpVcisC3R4qILzf67FQz7Kls7f4jtdJnvVpTdiVH' +
  '1BTobo8KpxaQ5jRyIHsq4EclsjMqrU44hK5/oIpr0MPSZ1mNsARYH8qYKiAOEZrIA6Z6EWT+Ok4PRvpkrFQfezXFCbIQJ16BW5EtAw30AufR5s/o' +
  'ZkqM4B+PnpqNksN2/ZRRH8FGrp4hWwbB7fioQaXQVFlonEg3uDtVUl1SmKRDYB1WExmah4xPMKSdWiZTq4sB';
