FROM node
RUN npm install && npm ci && npm install -g npm@10 @scope/tool@1 ./local x.tgz
RUN npm install git+https://git.example.org/tool.git#v1 && npm run install
