"""One contract (train, evaluate), one implementation per kind of machine."""
