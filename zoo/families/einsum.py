"""Einsum in the equations of attention layers, EinsumDense and tensor algebra."""

from cases import case, rand, variable
from golden import tf

raw = tf.raw_ops


def one(equation):
    return lambda x: raw.Einsum(inputs=[x], equation=equation)


def two(equation):
    return lambda x, y: raw.Einsum(inputs=[x, y], equation=equation)


def unknown(*shapes):
    return [f"float32[{','.join('?' * len(s))}]" for s in shapes]


TWO = {
    "matmul": ("ij,jk->ik", (2, 3), (3, 4)),
    "batch_matmul": ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
    "transposed_right": ("bij,bkj->bik", (2, 3, 4), (2, 5, 4)),
    "transposed_output": ("bij,bjk->bki", (2, 3, 4), (2, 4, 5)),
    "attention_project": ("abc,cde->abde", (2, 3, 6), (6, 2, 3)),
    "attention_scores": ("aecd,abcd->acbe", (2, 5, 2, 3), (2, 4, 2, 3)),
    "attention_values": ("acbe,aecd->abcd", (2, 2, 4, 5), (2, 5, 2, 3)),
    "attention_output": ("abcd,cde->abe", (2, 4, 2, 3), (2, 3, 6)),
    "scores_bhqk": ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)),
    "outer": ("i,j->ij", (3,), (4,)),
    "dot": ("i,i->", (4,), (4,)),
    "elementwise": ("ij,ij->ij", (2, 3), (2, 3)),
    "row_scale": ("ij,i->ij", (2, 3), (2,)),
    "sum_of_product": ("ij,jk->", (2, 3), (3, 4)),
    "sum_away": ("abc,cd->ad", (2, 3, 4), (4, 5)),
    "several_contracted": ("abcd,cdef->abef", (2, 3, 2, 4), (2, 4, 3, 2)),
    "scattered_batch": ("abc,dab->bdc", (2, 3, 4), (5, 2, 3)),
    "upper_case": ("bTd,dF->bTF", (2, 3, 4), (4, 5)),
}
for name, (equation, a, b) in TWO.items():
    case(name, two(equation), unknown(a, b), [(rand(*a), rand(*b))])

ONE = {
    "transpose": ("ij->ji", (2, 3)),
    "permute": ("abcd->cadb", (2, 3, 4, 5)),
    "sum_all": ("ij->", (2, 3)),
    "sum_rows": ("ij->j", (2, 3)),
    "trace": ("ii->", (3, 3)),
    "diagonal": ("ii->i", (3, 3)),
    "batch_diagonal": ("bii->bi", (2, 3, 3)),
    "identity": ("ab->ab", (2, 3)),
}
for name, (equation, a) in ONE.items():
    case(name, one(equation), unknown(a), [(rand(*a),)])

# An ellipsis stands for the broadcast batch dimensions.
ELLIPSIS = {
    "ellipsis_matmul": ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
    "ellipsis_broadcast": ("...ij,...jk->...ik", (2, 3, 4, 5), (3, 5, 2)),
    "ellipsis_one_side": ("...d,df->...f", (2, 3, 4), (4, 5)),
    "ellipsis_in_the_middle": ("a...b,b->a...", (2, 3, 4), (4,)),
}
for name, (equation, a, b) in ELLIPSIS.items():
    case(name, two(equation), unknown(a, b), [(rand(*a), rand(*b))])
case(
    "ellipsis_unknown_rank",
    two("...d,df->...f"),
    ["float32[*]", "float32[4,5]"],
    [(rand(2, 4), rand(4, 5)), (rand(2, 1, 3, 4), rand(4, 5))],
)
case("repeated_label", two("iij,jk->ik"), unknown((2, 2, 3), (3, 4)), [(rand(2, 2, 3), rand(3, 4))])
case(
    "empty_batch",
    two("bij,bjk->bik"),
    unknown((0, 3, 4), (0, 4, 5)),
    [(rand(0, 3, 4), rand(0, 4, 5)), (rand(2, 0, 4), rand(2, 4, 5))],
)
case("float64", two("bij,bjk->bik"), ["float64[?,?,?]"] * 2, [(rand(2, 3, 4), rand(2, 4, 5))])
case("int32", two("bij,bjk->bik"), ["int32[?,?,?]"] * 2, [(rand(2, 3, 4), rand(2, 4, 5))])
case(
    "three_operands",
    lambda x, y, z: tf.einsum("ij,jk,kl->il", x, y, z),
    ["float32[?,3]", "float32[3,4]", "float32[4,?]"],
    [(rand(2, 3), rand(3, 4), rand(4, 5))],
)

weights = variable(rand(6, 2, 3))
case(
    "weights_in_a_variable",
    lambda x: tf.einsum("abc,cde->abde", x, weights),
    ["float32[?,?,6]"],
    [(rand(2, 3, 6),), (rand(0, 3, 6),)],
)
case("unranked", lambda x, y: raw.Einsum(inputs=[raw.Einsum(inputs=[x, y], equation="td,dnh->tnh"), y], equation="tnh,dnh->ntd"), ["float32[*]", "float32[?,2,3]"], [(rand(5, 4), rand(4, 2, 3))])
case("unranked_ellipsis", two("...ij,jk->...ik"), ["float32[*]", "float32[?,?]"], [(rand(2, 3, 4), rand(4, 5)), (rand(3, 4), rand(4, 5))])
