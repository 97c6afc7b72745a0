import iniconfig

print(f"parsed with {iniconfig.__name__}")
