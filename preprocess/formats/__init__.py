"""The bytes of TFRecord files and of tf.train.Example."""
