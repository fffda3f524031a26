"""The arithmetic that checks share: pure functions on arrays, which know neither files nor projects.

`intervals` bounds one number, `comparisons` compares models, `scoring` scores predictions, `drift` holds a window
against a reference, `folds` splits rows. Import the module you need inside the check: scipy and scikit-learn are slow
to load.
"""
