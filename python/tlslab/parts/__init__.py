"""
Runs done in parts: blocks of trials on any executor, added up to what one thread would have counted.

``job`` is what can be sent to a worker, ``run`` what the parts of a run add up to, ``drive`` sends blocks out and takes
parts in, ``store`` has them on disk, and ``keep`` is both.
"""
