"""The built-in checks: one file each, in the folder of its phase. A plugin like any other."""
