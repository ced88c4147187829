"""BertTokenizer of TensorFlow Text with its vocabulary as an asset. Exported with tensorflow-text 2.21.1 and TensorFlow 2.21.0."""

import pathlib
import tempfile

import tensorflow_text as text
from cases import case, keep
from golden import tf
from text_samples import S, TEXTS, VOCABULARY, rows

file = pathlib.Path(tempfile.mkdtemp()) / "vocabulary.txt"
file.write_text("".join(f"{v}\n" for v in VOCABULARY))
table = keep(
    tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            str(file), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        ),
        num_oov_buckets=1,
    )
)
tokenizer = text.BertTokenizer(table, lower_case=True)


def packed(sentence):
    """What the encoders of BERT take."""
    tokens = tokenizer.tokenize(sentence).merge_dims(-2, -1)
    segments, types = text.combine_segments(
        text.RoundRobinTrimmer(6).trim([tokens]), start_of_sequence_id=2, end_of_segment_id=3
    )
    ids, mask = text.pad_model_inputs(segments, max_seq_length=8)
    type_ids, _ = text.pad_model_inputs(types, max_seq_length=8)
    return {"input_word_ids": ids, "input_mask": mask, "input_type_ids": type_ids}


case("packed", packed, [S], [TEXTS, rows()])
