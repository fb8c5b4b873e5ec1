import getpass

name = input("Which corrector? ")
secret = getpass.getpass()
results = {"name": name}
